import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataFolder } from '../../testing/data-folder.ts';

let data: DataFolder;
beforeEach(async () => {
  data = await DataFolder.make();
});
afterEach(() => data.remove());

const header = 'object,split,label,image,mask';
const candle = [
  'candle,train,normal,candle/Data/Images/Normal/0836.JPG,',
  'candle,train,normal,candle/Data/Images/Normal/0451.JPG,',
  'candle,test,anomaly,candle/Data/Images/Anomaly/000.JPG,candle/Data/Masks/Anomaly/000.png',
  'candle,test,normal,candle/Data/Images/Normal/0100.JPG,',
];
const pcb = ['pcb1,train,normal,pcb1/Data/Images/Normal/0001.JPG,'];

/** The whole of VisA as it is published, small. */
async function writeVisa(...rows: string[]): Promise<void> {
  await data.write('split_csv/1cls.csv', `${[header, ...rows].join('\n')}\n`);
  for (const row of rows) {
    const [, , , image = '', mask = ''] = row.split(',');
    await data.files(image);
    if (mask) await data.files(mask);
  }
}

const understoodCandle = {
  name: 'candle',
  training: ['candle/Data/Images/Normal/0451.JPG', 'candle/Data/Images/Normal/0836.JPG'],
  test: [
    'candle/Data/Images/Normal/0100.JPG good',
    'candle/Data/Images/Anomaly/000.JPG anomaly mask',
  ],
};

describe('VisA', () => {
  it('is read from the folder, the folder of one product, or the table itself', async () => {
    await writeVisa(...pcb, ...candle);
    const all = {
      layout: 'VisA',
      classes: [
        understoodCandle,
        {
          name: 'pcb1',
          training: ['pcb1/Data/Images/Normal/0001.JPG'],
          test: ['pcb1/Data/Images/Normal/0001.JPG good'],
        },
      ],
      ignored: [],
    };
    expect(await data.understood('.')).toEqual(all);
    expect(await data.understood('split_csv/1cls.csv')).toEqual(all);
    expect(await data.understood('candle')).toEqual({ ...all, classes: [understoodCandle] });
  });

  it('treats every number in a mask as a defect', async () => {
    await writeVisa(...candle);
    await data.png('candle/Data/Masks/Anomaly/000.png', [
      [0, 1, 2],
      [7, 0, 0],
    ]);
    expect(await data.mask('.', 'candle/Data/Images/Anomaly/000.JPG')).toEqual([
      [0, 1, 1],
      [1, 0, 0],
    ]);
  });

  it('leaves out products whose folders are missing', async () => {
    await writeVisa(...candle);
    await data.write('split_csv/1cls.csv', [header, ...candle, ...pcb].join('\r\n'));
    expect(await data.understood('.')).toEqual({
      layout: 'VisA',
      classes: [understoodCandle],
      ignored: ['pcb1: 1 image that the table lists: the folder is not there'],
    });
  });

  it('does not train on defective images of the splits with two classes', async () => {
    await writeVisa(...candle, 'candle,train,anomaly,candle/Data/Images/Anomaly/001.JPG,');
    const { classes, ignored } = await data.understood('.');
    expect(classes).toEqual([understoodCandle]);
    expect(ignored).toEqual([
      'split_csv/1cls.csv: 1 defective image of candle to train on: training uses only good images',
    ]);
  });

  it.each(['.', 'candle'])('asks for the table where it is missing: %s', async (dir) => {
    await data.files('candle/Data/Images/Normal/0001.JPG');
    await expect(data.understood(dir)).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: `Expected the table of VisA at ${data.at('split_csv', '1cls.csv')} but received the folder ${dir === '.' ? 'candle' : 'Data'} without it`,
    });
  });

  it('reports a missing column', async () => {
    await data.write('split_csv/1cls.csv', 'object,split,label,image\n');
    await expect(data.understood('.')).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: `Expected the columns object, split, label, image, mask for ${data.at('split_csv', '1cls.csv')} but received object, split, label, image: mask missing`,
    });
  });

  it.each([
    ['image', 'candle,train,normal,candle/Data/Images/Normal/9.JPG,'],
    ['mask', `${candle[2]?.replace('Masks/Anomaly/000', 'Masks/Anomaly/9')}`],
  ])('reports the line of a missing %s', async (_, row) => {
    await writeVisa(...candle);
    await data.write('split_csv/1cls.csv', [header, candle[0], row].join('\n'));
    await expect(data.understood('.')).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: expect.stringMatching(
        /^Expected the file of line 3 of .*1cls\.csv at .*9\.(JPG|png) but received nothing$/,
      ),
    });
  });

  it('rejects an unknown split and a broken line', async () => {
    await writeVisa(...candle);
    await data.write('split_csv/1cls.csv', `${header}\n${candle[0]?.replace('train', 'tune')}`);
    await expect(data.understood('.')).rejects.toMatchObject({
      message: expect.stringMatching(/^Expected train or test for line 2 of .* but received tune$/),
    });
    for (const broken of ['candle,train', 'candle,train,nor"mal,a.png,', '"candle']) {
      await data.write('split_csv/1cls.csv', `${header}\n${broken}\n`);
      await expect(data.understood('.'), broken).rejects.toMatchObject({ code: 'DATASET_INVALID' });
    }
  });
});
