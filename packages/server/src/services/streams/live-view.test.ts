import { BigridError } from '@bigrid/errors';
import { expect, test, vi } from 'vitest';
import type { ImageDecoder } from '../../workers/image-decoder.ts';
import type { Inspected } from '../model-version.ts';
import { LiveView } from './live-view.ts';

const map = { width: 1, height: 1, data: Float32Array.of(1) };
const answer = (result: object) =>
  ({ version: { model: 'part', version: 1 }, result }) as unknown as Inspected;
const seen = (result: object = {}) => ({
  ...{ at: '2026-11-27T06:00:00.000Z', name: 'a.jpg', image: new Uint8Array(), perSecond: 1 },
  ...{ dropped: 0, inspected: answer(result) },
});

function createView() {
  const inspect = vi.fn(async () => answer({ map }));
  const decode = vi.fn(async () => ({ preview: new Uint8Array(1) }));
  const decoder = { decode } as unknown as ImageDecoder;
  return { view: new LiveView({ models: { inspect }, decoder }), inspect, decode };
}

test('a map is made for who looks, once per image, and then by the stream itself', async () => {
  const { view, inspect } = createView();
  expect(() => view.map()).toThrow(BigridError);
  view.show(seen());
  expect([view.wantsMap, inspect.mock.calls.length]).toEqual([false, 0]);
  expect(await view.map().make()).toBe(map);
  expect(await view.map().make()).toBe(map);
  expect(inspect).toHaveBeenCalledTimes(1);
  expect(inspect).toHaveBeenCalledWith(
    expect.objectContaining({ model: 'part', version: 1, name: 'a.jpg', map: true }),
  );
  expect(view.wantsMap).toBe(true);
  const own = { ...map };
  view.show(seen({ map: own }));
  expect(await view.map().make()).toBe(own);
  expect(inspect).toHaveBeenCalledTimes(1);
});

test('after a busy server, the next look tries again', async () => {
  const { view, inspect } = createView();
  view.show(seen());
  inspect.mockRejectedValueOnce(new BigridError('SERVER_BUSY', 'Expected fewer'));
  await expect(view.map().make()).rejects.toThrow('Expected fewer');
  expect(await view.map().make()).toBe(map);
});

test('an image is drawn once for all who look; a tag names it', async () => {
  const { view, decode } = createView();
  view.show(seen());
  const { tag } = view.image();
  await Promise.all([view.image().make(), view.image().make()]);
  expect(decode).toHaveBeenCalledTimes(1);
  expect(view.map().tag).toBe(tag);
  view.show(seen());
  expect(view.image().tag).not.toBe(tag);
});

test('who is slower than the stream gets the latest image alone', () => {
  const { view } = createView();
  expect(view.after(0)).toEqual([]);
  view.show(seen());
  view.show(seen());
  view.show(seen());
  expect(view.after(1).map(({ id }) => id)).toEqual([3]);
  expect(view.after(3)).toEqual([]);
});
