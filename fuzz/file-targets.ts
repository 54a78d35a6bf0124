import { type Manifest, type StatisticName, statisticNames } from '@bigrid/inspect';
import { drift } from '@bigrid/node';
import { describeMove, renderDrift } from '@bigrid/report';
import { exampleManifest } from '../packages/inspect/testing/example-manifest.ts';
import { imagesOfStream } from '../packages/node/src/images/image-stream.ts';
import { imagesInFile } from '../packages/node/src/images/tiff-pages.ts';
import { InspectionLog, identify } from '../packages/node/src/watching/inspection-log.ts';
import { readLog } from '../packages/node/src/watching/read-log.ts';
import { asFile, type Target } from './target.ts';

/** The head of a TIFF and directories of one entry each, linked in a chain. */
function tiff(pages: number): Uint8Array {
  const length = 2 + 12 + 4;
  const bytes = Buffer.alloc(8 + pages * length);
  bytes.write('II*\0', 'latin1');
  bytes.writeUInt32LE(8, 4);
  for (let page = 0; page < pages; page++) {
    const at = 8 + page * length;
    bytes.writeUInt16LE(1, at);
    bytes.writeUInt16LE(254, at + 2);
    bytes.writeUInt32LE(page % 2, at + 10);
    bytes.writeUInt32LE(page + 1 < pages ? at + length : 0, at + 14);
  }
  return bytes;
}

export const tiffPages: Target = {
  name: 'tiff',
  mostMemory: 80,
  corpus: async () => [tiff(1), tiff(4)],
  read: (bytes) => asFile(bytes, imagesInFile),
};

const bundle = { bytes: new Uint8Array(4), manifest: exampleManifest };

const line = {
  at: '2026-01-02T03:04:05.000Z',
  path: 'a.png',
  ...identify(bundle),
  file: { size: 1, modified: 2 },
  score: 0.5,
  isAnomalous: false,
  verdict: 'normal',
  statistics: Object.fromEntries(statisticNames.map((name) => [name, 0.5])),
};

export const logs: Target = {
  name: 'log',
  mostMemory: 80,
  async corpus() {
    const failed = { ...line, path: 'b.png', error: { code: 'IMAGE_UNREADABLE' } };
    return [Buffer.from(`${JSON.stringify(line)}\n${JSON.stringify(failed)}\n{"at":`)];
  },
  read: (bytes) =>
    asFile(bytes, async (file) => {
      await readLog(file, exampleManifest, 10);
      const log = await InspectionLog.open(file, identify(bundle));
      log.take('a.png', { size: 1, modified: 2 });
      await log.close();
    }),
};

const { scores } = exampleManifest.calibration;
const comparable: Manifest = {
  ...exampleManifest,
  calibration: {
    ...exampleManifest.calibration,
    images: Object.fromEntries(statisticNames.map((name) => [name, scores])) as Record<
      StatisticName,
      number[]
    >,
  },
};

/** What happens to a readable log: it is compared and drawn. */
export const drifts: Target = {
  name: 'drift',
  mostMemory: 100,
  async corpus() {
    const log = Buffer.from(`${JSON.stringify(line)}\n`.repeat(12));
    // The charts library takes 100 MB when it loads, whatever it draws.
    await this.read(log);
    return [log];
  },
  read: (bytes) =>
    asFile(bytes, async (file) => {
      const found = await drift({ manifest: comparable }, file);
      for (const measure of found.measures) describeMove(measure);
      await renderDrift(found, comparable, { title: 'input' });
    }),
};

export const streams: Target = {
  name: 'stream',
  mostMemory: 80,
  corpus: async () => [
    Buffer.from('a.png\r\nb c.png\n\nlast.png'),
    Buffer.from('a.png\0b\nc.png\0'),
    Buffer.from('\x89PNG\r\n\x1a\nrest', 'latin1'),
  ],
  async read(bytes) {
    async function* chunks() {
      for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7);
    }
    for await (const image of imagesOfStream(chunks(), 'input')) image.path.at(0);
  },
};
