import { describe, expect, it } from 'vitest';
import { methodOptionsSchema } from './options.ts';
import { gridsOf, rebuildsNothing, stagesOf, tellsPastedCells } from './stages.ts';

const grids = methodOptionsSchema.shape.grids.options;

describe('stagesOf', () => {
  it.each([
    ['restoring', ['abnormal']],
    ['normal', ['normal']],
    ['normal+restoring', ['abnormal', 'normal']],
    ['published', ['abnormal', 'normal']],
    ['published-abnormal', ['abnormal']],
    ['none', ['normal']],
  ] as const)('%s', (grids, stages) => {
    expect(stagesOf({ grids })).toEqual(stages);
  });
});

describe('gridsOf', () => {
  it('is all of them, where there is one stage', () => {
    for (const chosen of grids) {
      const stages = stagesOf({ grids: chosen });
      if (stages.length > 1) continue;
      expect(stages.map((stage) => gridsOf(stage, { grids: chosen }))).toEqual([chosen]);
    }
  });

  it.each([
    ['normal+restoring', ['restoring', 'normal']],
    ['published', ['published-abnormal', 'published']],
  ] as const)('is what each stage of %s reconstructs with', (chosen, expected) => {
    const given = { grids: chosen };
    expect(stagesOf(given).map((stage) => gridsOf(stage, given))).toEqual(expected);
  });
});

it('says which forms tell pasted cells, and which stage does nothing else', () => {
  expect(grids.filter((chosen) => tellsPastedCells({ grids: chosen }))).toEqual([
    'published',
    'published-abnormal',
  ]);
  const short = grids.flatMap((chosen) =>
    stagesOf({ grids: chosen })
      .filter((stage) => rebuildsNothing(stage, { grids: chosen }))
      .map((stage) => [chosen, stage]),
  );
  expect(short).toEqual([['published', 'abnormal']]);
});
