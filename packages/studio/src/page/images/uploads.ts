import type { Labelling } from '../state/images.ts';
import { project } from '../state/projects.ts';
import { stored } from '../texts/stored.ts';
import { finishRemoval } from './actions.ts';
import type { ChosenFile } from './chosen-files.ts';
import { put } from './collection.ts';
import { UploadQueue } from './upload-queue.ts';

/** What images get as a label whose folders give none. */
export const newLabels = {
  training: { label: 'normal', split: 'train' },
  testing: { label: 'normal', split: 'test' },
  none: { label: 'none' },
} as const satisfies Record<string, Labelling>;
export type NewLabel = keyof typeof newLabels;

/** As it was chosen last. */
export const newLabel = stored('newImages', 'training');

const queues = new Map<string, UploadQueue>();

/** The uploads to a project, which continue while other pages are open. */
export function uploadsOf(name: string): UploadQueue {
  let queue = queues.get(name);
  if (!queue) {
    queue = new UploadQueue(name, (images) => {
      if (project.value?.name === name) put(images);
    });
    queues.set(name, queue);
  }
  return queue;
}

/** Uploads files with the label that is chosen for new images. */
export async function addFiles(name: string, files: readonly ChosenFile[]): Promise<void> {
  // Or the server would have them still, and then not any more.
  await finishRemoval();
  const labelling = newLabels[newLabel.value as NewLabel] ?? newLabels.training;
  uploadsOf(name).add(files.map((file) => ({ ...file, labelling })));
}

// The browser asks before it loses what is not sent yet.
addEventListener('beforeunload', (event) => {
  const isBusy = [...queues.values()].some(({ progress }) => progress.value.state !== 'idle');
  if (isBusy) event.preventDefault();
});
