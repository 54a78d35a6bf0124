import { expect, test } from 'vitest';
import { type CameraSource, cameraArguments } from './camera-arguments.ts';

const sources: CameraSource[] = [
  { type: 'rtsp', url: 'rtsp://camera/live', fps: 2 },
  { type: 'mjpeg', url: 'http://camera/live' },
  { type: 'usb', device: '/dev/video0', size: '1920x1080' },
  { type: 'video', path: 'line.mp4' },
];

test.each(sources)('$type: ffmpeg gets the input as one argument, after its limits', (source) => {
  const args = cameraArguments(source, '/videos/-line.mp4');
  const input = args.indexOf('-i');
  const expected = { url: 'rtsp://camera/live', ...source };
  const named = source.type === 'video' ? 'file:/videos/-line.mp4' : undefined;
  expect(args[input + 1]).toBe(named ?? ('device' in source ? source.device : expected.url));
  expect(args.slice(input + 2)).not.toContain('-i');
  if (source.type === 'usb') return;
  const protocols = args[args.indexOf('-protocol_whitelist') + 1]?.split(',');
  expect(args.indexOf('-protocol_whitelist')).toBeLessThan(input);
  expect(protocols?.includes('file')).toBe(source.type === 'video');
});

test('frames are selected by their times', () => {
  const filterOf = (source: CameraSource) => {
    const args = cameraArguments(source);
    return args[args.indexOf('-vf') + 1];
  };
  expect(filterOf(sources[0] as CameraSource)).toMatch(/^select='.+0\.495\)',settb/);
  expect(filterOf(sources[1] as CameraSource)).toMatch(/^settb/);
});
