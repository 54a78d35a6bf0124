import type { ImageEntry, LabelledEntry } from '@bigrid/inspect';
import type { Dataset } from './dataset.ts';

/** Images of one class, split and defect. */
export interface ImageGroup {
  readonly className: string;
  readonly split: 'train' | 'test';
  /** `good`, or the name of the defect. */
  readonly defect: string;
  readonly entries: readonly (ImageEntry & Partial<Pick<LabelledEntry, 'readMask'>>)[];
  /** Number of images with a mask. */
  readonly masks: number;
}

/** Groups the images of a data set by class, split and defect: by class, training before test, good images first. */
export function imageGroups({ classes }: Dataset): ImageGroup[] {
  return classes.flatMap(({ name, training, test }) => {
    const learnt: ImageGroup[] =
      training.length === 0
        ? []
        : [{ className: name, split: 'train', defect: 'good', entries: training, masks: 0 }];
    const tested = Map.groupBy(test, ({ defect }) => defect);
    return [
      ...learnt,
      ...[...tested].map(([defect, entries]): ImageGroup => {
        const masks = entries.filter(({ readMask }) => readMask !== undefined).length;
        return { className: name, split: 'test', defect, entries, masks };
      }),
    ];
  });
}
