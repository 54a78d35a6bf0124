import { inspectFile, type VersionName } from '../state/inspections.ts';
import type { LiveFrame } from './live-stage.tsx';

/** Quality of the JPEG images that are sent: hardly any score changes by it. */
const QUALITY = 0.95;

/**
 * Inspects what a camera shows, one image at a time: the next is taken when the answer for the last has come, so that none
 * wait anywhere. Ends when the signal is aborted.
 * @param video plays the camera
 * @throws ApiError
 */
export async function* inspectCamera(
  video: HTMLVideoElement,
  version: VersionName,
  signal: AbortSignal,
): AsyncGenerator<LiveFrame> {
  while (!signal.aborted) {
    await nextImage(video, signal);
    const image = await snapshot(video);
    const begin = performance.now();
    const { result, map } = await inspectFile(image, version, signal);
    const milliseconds = performance.now() - begin;
    yield { image, name: '', result: { ...result, milliseconds }, map };
  }
}

/** Resolves with the next image of the camera; there is none while the page is hidden. */
function nextImage(video: HTMLVideoElement, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      video.cancelVideoFrameCallback(handle);
      reject(signal.reason);
    };
    const handle = video.requestVideoFrameCallback(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

function snapshot(video: HTMLVideoElement): Promise<Blob> {
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  canvas.getContext('2d', { alpha: false })?.drawImage(video, 0, 0);
  return canvas.convertToBlob({ type: 'image/jpeg', quality: QUALITY });
}
