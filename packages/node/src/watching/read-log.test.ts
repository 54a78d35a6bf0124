import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { imageStatistics } from '@bigrid/inspect';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exampleManifest } from '../../../inspect/testing/example-manifest.ts';
import { InspectionLog, identify, LONGEST_LINE } from './inspection-log.ts';
import { readLog } from './read-log.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bigrid-read-log-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a line ends where the log ends it, whatever else a path holds', async () => {
  const path = join(folder, 'names.jsonl');
  const bundle = { bytes: new Uint8Array(), manifest: exampleManifest };
  const log = await InspectionLog.open(path, identify(bundle));
  const statistics = imageStatistics({ width: 1, height: 1, data: new Uint8Array(3) });
  // JSON leaves the separators of lines and paragraphs of Unicode as they are.
  const name = join(folder, 'part\u2028one\u2029.png');
  await log.append({ path: name, score: 0.5, verdict: 'normal', statistics }, undefined);
  await log.close();
  const { inspections, skipped } = await readLog(path, exampleManifest, 10);
  expect(inspections.map((inspection) => inspection.path)).toEqual([name]);
  expect(skipped).toBe(0);
});

test('a line that is longer than any of a log is refused, and not held in memory', async () => {
  const path = join(folder, 'long.jsonl');
  await writeFile(path, Buffer.alloc(LONGEST_LINE + 1, 'x'));
  await expect(readLog(path, exampleManifest, 10)).rejects.toMatchObject({ code: 'LOG_INVALID' });
});
