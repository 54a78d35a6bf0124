import type { MethodOptions } from './options.ts';

type Grids = MethodOptions['grids'];
type Chosen = Pick<MethodOptions, 'grids'>;

/**
 * The stages of training: in the first the abnormal grid learns from synthetic defects, in the second it is frozen and
 * the normal grid learns to rebuild. With one grid there is one stage.
 */
export type Stage = 'abnormal' | 'normal';

/** What each stage reconstructs with, in the order of training: `grad.ts` says what each of them computes. */
const stages: Readonly<Record<Grids, Partial<Record<Stage, Grids>>>> = {
  'gaussian+restoring': { abnormal: 'gaussian+restoring' },
  restoring: { abnormal: 'restoring' },
  normal: { normal: 'normal' },
  'normal+restoring': { abnormal: 'restoring', normal: 'normal' },
  published: { abnormal: 'published-abnormal', normal: 'published' },
  'published-abnormal': { abnormal: 'published-abnormal' },
  none: { normal: 'none' },
};

/** The stages that train the chosen grids, in order. */
export function stagesOf({ grids }: Chosen): readonly Stage[] {
  return Object.keys(stages[grids]) as Stage[];
}

/** The grids that a stage reconstructs with: of two grids that share nothing, only its own. */
export function gridsOf(stage: Stage, { grids }: Chosen): Grids {
  return stages[grids][stage] ?? grids;
}

/** Whether the abnormal grid is the published one, which tells pasted cells, instead of restoring what was there. */
export function tellsPastedCells({ grids }: Chosen): boolean {
  return stages[grids].abnormal === 'published-abnormal';
}

/** Whether a stage only tells pasted cells: as published, it leaves the rebuilding to the normal grid. */
export function rebuildsNothing(stage: Stage, { grids }: Chosen): boolean {
  return stage === 'abnormal' && grids === 'published';
}

/** Whether features are reconstructed by a restoring grid alone. */
export function onlyRestores({ grids }: Chosen): boolean {
  return grids === 'restoring' || grids === 'gaussian+restoring';
}
