import { UploadQueue } from './upload-queue.ts';

const queues = new Map<string, UploadQueue>();

/** The uploads to a project, which continue while other pages are open. */
export function uploadsOf(name: string): UploadQueue {
  let queue = queues.get(name);
  if (!queue) {
    queue = new UploadQueue(name);
    queues.set(name, queue);
  }
  return queue;
}

// The browser asks before it loses what is not sent yet.
addEventListener('beforeunload', (event) => {
  const isBusy = [...queues.values()].some(({ progress }) => progress.value.state !== 'idle');
  if (isBusy) event.preventDefault();
});
