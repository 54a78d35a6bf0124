import type { ImageEntry, LabelledEntry } from '@bigrid/inspect';
import type { Dataset } from './dataset.ts';

/** Images of one class that serve the same purpose and show the same. */
export interface KindOfImages {
  readonly className: string;
  readonly split: 'train' | 'test';
  /** `good`, or the name of the defect. */
  readonly defect: string;
  readonly entries: readonly (ImageEntry & Partial<Pick<LabelledEntry, 'readMask'>>)[];
  /** How many of them have a mask. */
  readonly masks: number;
}

/** What there is to train and to test on: class by class, good ones first. */
export function kindsOfImages({ classes }: Dataset): KindOfImages[] {
  return classes.flatMap(({ name, training, test }) => {
    const learnt: KindOfImages[] =
      training.length === 0
        ? []
        : [{ className: name, split: 'train', defect: 'good', entries: training, masks: 0 }];
    const tested = Map.groupBy(test, ({ defect }) => defect);
    return [
      ...learnt,
      ...[...tested].map(([defect, entries]): KindOfImages => {
        const masks = entries.filter(({ readMask }) => readMask !== undefined).length;
        return { className: name, split: 'test', defect, entries, masks };
      }),
    ];
  });
}
