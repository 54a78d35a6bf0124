import { symlink } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataFolder } from '../../testing/data-folder.ts';
import { openDataset } from './open-dataset.ts';

let data: DataFolder;
beforeEach(async () => {
  data = await DataFolder.make();
  await data.files('part/1.png', 'part/2.png', 'part/1-mask.png', 'part/other-mask.png');
});
afterEach(() => data.remove());

/** What a list says of a file. */
interface Entry {
  readonly name: string;
  readonly label: 'good' | 'scratch' | 'dent';
  readonly split?: 'train' | 'test';
  /** A file, or where a kind of list has none, what tells its outline from others. */
  readonly mask?: '1-mask.png' | 'other-mask.png';
}

interface KindOfList {
  readonly write: (entries: readonly Entry[]) => Promise<void>;
  /** How an entry is called. */
  readonly where: (index: number, entries: readonly Entry[]) => string;
}

const splitOf = ({ split = 'train' }: Entry) => split;
/** A file a split, with the entries of that split alone. */
const within = (index: number, entries: readonly Entry[]) =>
  entries.slice(0, index).filter((entry) => splitOf(entry) === splitOf(entries[index] as Entry))
    .length + 1;

const lists: Record<string, KindOfList> = {
  VisA: {
    write: async (entries) => {
      const rows = entries.map(
        ({ name, label, mask, split = 'train' }) =>
          `part,${split},${label},part/${name},${mask ? `part/${mask}` : ''}`,
      );
      await data.write('list.csv', ['object,split,label,image,mask', ...rows].join('\n'));
    },
    where: (index) => `line ${index + 2} of ${data.at('list.csv')}`,
  },
  'a manifest': {
    write: async (entries) => {
      for (const split of ['train', 'test'] as const) {
        const own = entries.filter((entry) => splitOf(entry) === split);
        if (own.length === 0) continue;
        await data.json(
          `part/${split}.manifest`,
          ...own.map(({ name, label, mask }) => ({
            'source-ref': name,
            'anomaly-label': Number(label !== 'good'),
            'anomaly-label-metadata': { 'class-name': label },
            ...(mask && { 'anomaly-mask-ref': mask }),
          })),
        );
      }
    },
    where: (index, entries) =>
      `line ${within(index, entries)} of ${data.at('part', `${splitOf(entries[index] as Entry)}.manifest`)}`,
  },
  COCO: {
    write: async (entries) => {
      for (const split of ['train', 'test'] as const) {
        const own = entries.filter((entry) => splitOf(entry) === split);
        if (own.length === 0) continue;
        await data.json(`part/${split}.json`, {
          images: own.map(({ name }, id) => ({ id, file_name: name, width: 4, height: 3 })),
          annotations: own.flatMap(({ label, mask }, image_id) => {
            const bbox = mask === 'other-mask.png' ? [0, 0, 1, 1] : [1, 1, 2, 2];
            const category_id = label === 'scratch' ? 1 : 2;
            return label === 'good' ? [] : [{ image_id, category_id, bbox: mask && bbox }];
          }),
          categories: [
            { id: 1, name: 'scratch' },
            { id: 2, name: 'dent' },
          ],
        });
      }
    },
    where: (index, entries) =>
      `image ${within(index, entries)} of ${data.at('part', `${splitOf(entries[index] as Entry)}.json`)}`,
  },
};
const open = (kind: string) => openDataset(data.at(kind === 'VisA' ? 'list.csv' : 'part'));

describe.each(Object.entries(lists))('a file that is listed twice in %s', (kind, list) => {
  const bad = { name: '1.png', label: 'scratch', mask: '1-mask.png' } as const;
  const good = { name: '1.png', label: 'good' } as const;
  const fine = { name: '2.png', label: 'good' } as const;

  it.each<[string, Entry, Entry, string, string]>([
    ['defective, then good', bad, good, 'scratch (part)', 'good (part)'],
    ['good, then defective', good, bad, 'good (part)', 'scratch (part)'],
    ['as two defects', bad, { ...bad, label: 'dent' }, 'scratch (part)', 'dent (part)'],
    ['by two spellings', bad, { ...good, name: './1.png' }, 'scratch (part)', 'good (part)'],
    ['through a link', bad, { ...good, name: 'link.png' }, 'scratch (part)', 'good (part)'],
    [
      'in two splits',
      { ...bad, split: 'test' },
      { ...good, split: 'test' },
      'scratch (part)',
      'good (part)',
    ],
  ])('is rejected, naming both entries: %s', async (_, one, other, label, otherLabel) => {
    await symlink(data.at('part', '1.png'), data.at('part', 'link.png'));
    const entries = [fine, one, fine, other];
    await list.write(entries);
    await expect(open(kind)).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      remedy: 'Delete the entries that are wrong.',
      message: `Expected one label for ${data.at('part', other.name)} but received ${label} from ${list.where(1, entries)} and ${otherLabel} from ${list.where(3, entries)}`,
    });
  });

  it('is reported with the number of others', async () => {
    const entries: Entry[] = [good, bad, fine, { ...fine, label: 'dent' }, good];
    await list.write(entries);
    await expect(open(kind)).rejects.toThrow(
      `good (part) from ${list.where(0, entries)} and scratch (part) from ${list.where(1, entries)}; 1 more file likewise`,
    );
  });

  it('is rejected across splits, whichever labels it good', async () => {
    for (const entries of [
      [fine, { ...good, split: 'train' }, { ...bad, split: 'test' }],
      [fine, { ...bad, split: 'train' }, { ...good, split: 'test' }],
    ] as Entry[][]) {
      await list.write(entries);
      await expect(open(kind)).rejects.toMatchObject({
        code: 'DATASET_INVALID',
        message: expect.stringContaining(list.where(1, entries)),
      });
      await expect(open(kind)).rejects.toThrow(list.where(2, entries));
    }
  });

  it('is rejected with two masks, and accepted with one and none', async () => {
    const twoMasks = [bad, { ...bad, mask: 'other-mask.png' }] as const;
    await list.write(twoMasks);
    await expect(open(kind)).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: `Expected one mask for ${data.at('part', '1.png')} but received one from ${list.where(0, twoMasks)} and another from ${list.where(1, twoMasks)}`,
    });
    for (const [one, other] of [
      [bad, { ...bad, mask: undefined }],
      [{ ...bad, mask: undefined }, bad],
    ] as Entry[][]) {
      await list.write([one as Entry, other as Entry, fine]);
      const [part] = (await open(kind)).classes;
      const defects = part?.test.filter(({ defect }) => defect !== 'good') ?? [];
      expect(defects.map(({ readMask }) => readMask !== undefined)).toEqual([true]);
    }
  });

  it('counts once if both entries agree, with a remark', async () => {
    await list.write([fine, bad, fine, bad, fine]);
    const { classes, remarks } = await open(kind);
    expect(classes[0]?.training).toHaveLength(1);
    expect(classes[0]?.test.map(({ defect }) => defect)).toEqual(['good', 'scratch']);
    expect(remarks?.at(-1)).toBe('3 duplicate entries: each image counts once.');
  });
});

it('a VisA product must not label good what another labels defective', async () => {
  await data.files('other/3.png');
  await data.write(
    'list.csv',
    'object,split,label,image,mask\npart,train,normal,part/1.png,\nother,test,anomaly,part/1.png,',
  );
  await expect(openDataset(data.at('list.csv'))).rejects.toThrow(
    `received good (part) from line 2 of ${data.at('list.csv')} and anomaly (other) from line 3 of ${data.at('list.csv')}`,
  );
});

it.each([
  ['images', [{ id: 1, file_name: '2.png' }], [], '1.png and 2.png'],
  ['categories', [], [{ id: 1, name: 'ok' }], 'scratch and ok'],
])(
  'two %s of COCO with one id are refused: what is annotated could be either',
  async (list, images, categories, names) => {
    await data.json('part/coco.json', {
      images: [{ id: 1, file_name: '1.png' }, ...images].map((image) => ({
        ...image,
        width: 4,
        height: 3,
      })),
      annotations: [],
      categories: [{ id: 1, name: 'scratch' }, ...categories],
    });
    await expect(openDataset(data.at('part'))).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: `Expected one of the ${list} of ${data.at('part', 'coco.json')} with the id 1 but received two: ${names}`,
    });
  },
);
