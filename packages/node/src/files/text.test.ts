import { writeFile } from 'node:fs/promises';
import { imageStatistics } from '@bigrid/inspect';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exampleManifest } from '../../../inspect/testing/example-manifest.ts';
import { DataFolder } from '../../testing/data-folder.ts';
import { InspectionLog, identify } from '../watching/inspection-log.ts';
import { readLog } from '../watching/read-log.ts';
import { systemPath } from './names.ts';
import { decodeText, inUtf8 } from './text.ts';

let data: DataFolder;
beforeEach(async () => {
  data = await DataFolder.make();
});
afterEach(() => data.remove());

const littleEndian = (text: string) => Buffer.from(text, 'utf16le');
const encodings: Record<string, (text: string) => Uint8Array> = {
  'UTF-8': (text) => Buffer.from(text),
  'UTF-8 with a mark': (text) => Buffer.from(`\ufeff${text}`),
  'UTF-16 of Windows': (text) => littleEndian(`\ufeff${text}`),
  'UTF-16 of Windows without a mark': littleEndian,
  'UTF-16, the high byte first': (text) => littleEndian(`\ufeff${text}`).swap16(),
  'UTF-16, the high byte first, without a mark': (text) => littleEndian(text).swap16(),
};

describe.each(Object.entries(encodings))('a text in %s', (name, encode) => {
  it('is decoded, whole or in chunks of any size', async () => {
    const text = fc.string({ unit: 'binary' }).map((end) => `{"${end}`);
    const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(text, sizes, async (content, lengths) => {
        const bytes = encode(content);
        expect(decodeText(bytes)).toBe(content);
        async function* chunks() {
          for (let [at, i] = [0, 0]; at < bytes.length; i++) {
            const length = lengths[i % lengths.length] as number;
            yield bytes.subarray(at, at + length);
            at += length;
          }
        }
        const parts: Uint8Array[] = [];
        for await (const part of inUtf8(chunks())) parts.push(part);
        expect(decodeText(Buffer.concat(parts))).toBe(content);
      }),
      { numRuns: 40 },
    );
  });

  it('is taken for annotations of COCO', async () => {
    await data.files('part/é.png', 'part/2.png');
    const content = {
      images: ['é.png', '2.png'].map((file_name, id) => ({ id, file_name, width: 4, height: 3 })),
      annotations: [{ image_id: 1, category_id: 1, bbox: [0, 0, 1, 1] }],
      categories: [{ id: 1, name: 'cut' }],
    };
    await data.write('part/coco.json', encode(JSON.stringify(content, undefined, 2)));
    expect((await data.understood('part')).classes[0]?.test).toEqual([
      'part/é.png good',
      'part/2.png cut mask',
    ]);
  });

  it('is taken for a manifest', async () => {
    await data.files('part/é.png', 'part/2.png');
    const lines = ['é.png', '2.png'].map((name, label) =>
      JSON.stringify({ 'source-ref': name, 'anomaly-label': label }),
    );
    await data.write('part/all.manifest', encode(lines.join('\r\n')));
    expect((await data.understood('part')).classes[0]?.test).toEqual([
      'part/é.png good',
      'part/2.png anomaly',
    ]);
  });

  it('is taken for a table of VisA', async () => {
    await data.files('part/é.png', 'part/2.png');
    const rows = ['part,train,normal,part/é.png,', 'part,test,anomaly,part/2.png,'];
    await data.write('list.csv', encode(['object,split,label,image,mask', ...rows].join('\r\n')));
    expect((await data.understood('list.csv')).classes).toEqual([
      { name: 'part', training: ['part/é.png'], test: ['part/2.png anomaly'] },
    ]);
  });

  it('is read as a log, and gone on with where its lines are in UTF-8', async () => {
    const source = identify({ bytes: new Uint8Array(), manifest: exampleManifest });
    const record = (path: string) => ({
      at: '2026-01-02T03:04:05.000Z',
      path,
      ...source,
      score: 0.5,
      verdict: 'normal',
      file: { size: 1, modified: 2 },
      statistics: imageStatistics({ width: 1, height: 1, data: new Uint8Array(3) }),
    });
    const paths = [data.at('é.png'), data.at('2.png')];
    const log = data.at('log.jsonl');
    await writeFile(log, encode(paths.map((path) => `${JSON.stringify(record(path))}\n`).join('')));
    const read = await readLog(log, exampleManifest, 10);
    expect(read.inspections.map(({ path }) => path)).toEqual(paths);
    expect(read.skipped).toBe(0);
    if (name.startsWith('UTF-16')) {
      await expect(InspectionLog.open(log, source)).rejects.toMatchObject({ code: 'LOG_INVALID' });
      return;
    }
    const opened = await InspectionLog.open(log, source);
    const known = paths.map((path) => opened.take(path, { size: 1, modified: 2 }));
    await opened.close();
    expect(known).toEqual([{ verdict: 'normal' }, { verdict: 'normal' }]);
  });
});

it('keeps the names in a list that is in no encoding of Unicode', () => {
  const bytes = Buffer.from('good/caf\xe9.png\ngood/\xe9t\xe9.png\n', 'latin1');
  const names = decodeText(bytes).split('\n').map(systemPath).map(Buffer.from);
  expect(names.map((name) => name.toString('latin1'))).toEqual([
    'good/café.png',
    'good/été.png',
    '',
  ]);
});
