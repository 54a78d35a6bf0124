import type { ChosenFile } from '../state/chosen-files.ts';
import type { Labelling } from '../state/images.ts';
import { uploadsOf } from '../state/uploads.ts';
import { stored } from '../texts/stored.ts';
import { finishRemoval } from './actions.ts';

/** What images get as a label whose folders give none. */
export const newLabels = {
  training: { label: 'normal', split: 'train' },
  testing: { label: 'normal', split: 'test' },
  none: { label: 'none' },
} as const satisfies Record<string, Labelling>;
export type NewLabel = keyof typeof newLabels;

/** As it was chosen last. */
export const newLabel = stored('newImages', 'training');

/** Uploads files with the label that is chosen for new images. */
export async function addFiles(name: string, files: readonly ChosenFile[]): Promise<void> {
  // Or the server would have them still, and then not any more.
  await finishRemoval();
  const labelling = newLabels[newLabel.value as NewLabel] ?? newLabels.training;
  uploadsOf(name).add(files, labelling);
}
