import { Random } from '@bigrid/method';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataFolder } from '../../testing/data-folder.ts';
import { imageGroups } from '../datasets/image-groups.ts';
import { openDataset } from '../datasets/open-dataset.ts';
import { duplicates } from './duplicates.ts';
import { lookAt } from './look.ts';

let data: DataFolder;
beforeAll(async () => {
  data = await DataFolder.make();
});
afterAll(() => data.remove());

/** Noise, the same for the same seed. */
function noise(seed: number): number[][] {
  const random = new Random(seed);
  const row = () => Array.from({ length: 32 }, () => Math.floor(random.uniform(0, 256)));
  return Array.from({ length: 32 }, row);
}

/** What is found in these files, each with the seed of its image. */
async function found(folder: string, files: Readonly<Record<string, number>>) {
  for (const [path, seed] of Object.entries(files))
    await data.png(`${folder}/${path}`, noise(seed));
  const looks = [];
  for (const { className, split, defect, entries } of imageGroups(
    await openDataset(data.at(folder)),
  )) {
    for (const { path, read } of entries) {
      looks.push(lookAt(await read(), { path, className, split, defect }));
    }
  }
  return duplicates(looks).map(({ level, check, paths = [] }) => ({
    level,
    check,
    groups: paths.map((group) =>
      group.map((path) => path.slice(data.at(folder).length + 1)).sort(),
    ),
  }));
}

const distinct = { 'good/1.png': 1, 'good/2.png': 2, 'good/3.png': 3, 'good/4.png': 4 };

describe('duplicates', () => {
  it('are found where there is no split, and not between an image and itself', async () => {
    expect(await found('plain', distinct)).toEqual([
      { level: 'ok', check: 'duplicates', groups: [] },
    ]);
    expect(await found('copied', { ...distinct, 'good/copy.png': 1, 'good/again.png': 1 })).toEqual(
      [
        {
          level: 'note',
          check: 'copies',
          groups: [['good/1.png', 'good/again.png', 'good/copy.png']],
        },
      ],
    );
    expect(await found('alone', { '1.png': 1, '2.png': 2, '3.png': 3, 'copy.png': 2 })).toEqual([
      { level: 'note', check: 'copies', groups: [['2.png', 'copy.png']] },
    ]);
  });

  it('are found where they contradict each other without a split', async () => {
    expect(await found('labels', { ...distinct, 'bad/5.png': 5, 'bad/copy.png': 1 })).toEqual([
      expect.objectContaining({
        level: 'fix',
        check: 'labels',
        groups: [['bad/copy.png', 'good/1.png']],
      }),
      expect.objectContaining({ level: 'fix', check: 'copies' }),
    ]);
  });

  it('are found with a split, within each of its sides', async () => {
    expect(
      await found('split', {
        'train/good/1.png': 1,
        'train/good/2.png': 2,
        'train/good/2 copy.png': 2,
        'test/good/3.png': 3,
        'test/cut/4.png': 4,
        'test/cut/4 copy.png': 4,
      }),
    ).toEqual([
      {
        level: 'note',
        check: 'copies',
        groups: [
          ['train/good/2 copy.png', 'train/good/2.png'],
          ['test/cut/4 copy.png', 'test/cut/4.png'],
        ],
      },
    ]);
  });

  it('are named whatever the layout: every file that has a copy, and no other', async () => {
    let run = 0;
    const seeds = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 7 });
    const layout = fc.constantFrom('good', 'train/good', '.');
    await fc.assert(
      fc.asyncProperty(layout, seeds, async (folder, all) => {
        const files = Object.fromEntries(all.map((seed, i) => [`${folder}/${i}.png`, seed]));
        const findings = await found(`random-${run++}`, files);
        const named = findings
          .filter(({ check }) => check === 'copies')
          .flatMap(({ groups }) => groups.flat());
        const copied = all.flatMap((seed, i) =>
          all.filter((other) => other === seed).length > 1 ? [`${i}.png`] : [],
        );
        expect(named.map((path) => path.split('/').at(-1)).sort()).toEqual(copied.sort());
      }),
      { numRuns: 15 },
    );
  });
});
