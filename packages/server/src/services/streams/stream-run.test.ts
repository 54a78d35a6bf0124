import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BigridError } from '@bigrid/errors';
import { expect, onTestFinished, test } from 'vitest';
import { useFolder } from '../../../testing/server.ts';
import { StreamFiles } from '../../repositories/stream-files.ts';
import type { DetailedVersion, Inspected, InspectionRequest } from '../model-version.ts';
import { AllowedFolders } from './allowed-folders.ts';
import { streamSchema } from './definitions.ts';
import type { SinkTrouble } from './outlet.ts';
import { StreamRun } from './stream-run.ts';

const at = useFolder();

/** A model that answers when told, unlike a real one, whose timing would decide the outcome. */
class SlowModel {
  readonly asked: string[] = [];
  readonly #answers = new Map<string, PromiseWithResolvers<Inspected>>();

  inspect({ name }: InspectionRequest): Promise<Inspected> {
    const answer = Promise.withResolvers<Inspected>();
    this.asked.push(name);
    this.#answers.set(name, answer);
    return answer.promise;
  }

  async detailed(): Promise<DetailedVersion> {
    const values = [1, 2, 3];
    const images = { brightness: values, contrast: values, sharpness: values };
    const calibration = { scores: values, images: { ...images, red: values, blue: values } };
    return { manifest: { calibration } } as unknown as DetailedVersion;
  }

  finish(name: string): void {
    const statistics = { brightness: 9, contrast: 2, sharpness: 2, red: 2, blue: 2 };
    const result = { verdict: 'normal', score: 2, regions: [], statistics };
    this.#answers.get(name)?.resolve({ version: { version: 1 }, result } as unknown as Inspected);
  }

  refuse(name: string, error: Error): void {
    this.#answers.get(name)?.reject(error);
  }
}

/** A stream of a folder with a number of images. */
async function startRun(name: string, count: number, model: SlowModel, atOnce: number) {
  const folder = at(name);
  await mkdir(folder);
  for (let n = 0; n < count; n++) {
    await writeFile(join(folder, `${n}.png`), 'image');
    // The clock of the drive may give the same time to several files.
    await utimes(join(folder, `${n}.png`), n, n);
  }
  const marked: string[] = [];
  const troubles: SinkTrouble[] = [];
  const source = { type: 'folder', path: folder };
  const run = new StreamRun(
    streamSchema.parse({ name, source, model: 'part', sinks: [{ type: 'lines' }] }),
    {
      models: model,
      files: new StreamFiles(at(`${name}-data`)),
      images: { addOfStream: async () => {} },
      id: 1,
      allowed: new AllowedFolders([at()]),
      atOnce,
      inspected: {
        has: () => false,
        add: async ({ path }) => {
          marked.push(path);
        },
      },
      onInspected: () => {},
      onTrouble: (trouble) => troubles.push(trouble),
      wantsMap: () => false,
      onEnd: async () => {},
    },
  );
  onTestFinished(async () => {
    for (const path of model.asked) model.refuse(path, new BigridError('CANCELLED', 'Cancelled'));
    await run.stop();
  });
  const lines = async () => {
    const day = new Date().toISOString().slice(0, 10);
    const text = await readFile(at(`${name}-data/streams/1/lines/${day}.jsonl`), 'utf8');
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  };
  return { run, marked, lines, troubles };
}

const timeout = 15_000;

test('images are inspected a few at once; sinks get the results in their order', async () => {
  const model = new SlowModel();
  const { run, marked, lines } = await startRun('order', 4, model, 3);
  await expect.poll(() => model.asked.length, { timeout }).toBe(3);
  const [first, second, third] = [0, 1, 2].map((n) => at('order', `${n}.png`)) as [
    string,
    string,
    string,
  ];
  model.finish(third);
  model.finish(second);
  // Room is made by the oldest alone.
  expect([model.asked.length, marked.length]).toEqual([3, 0]);
  model.finish(first);
  await expect.poll(() => marked, { timeout }).toEqual([first, second, third]);
  await expect.poll(() => model.asked.length, { timeout }).toBe(4);
  expect((await lines()).map(({ image }) => image)).toEqual([first, second, third]);
  expect(run.report()).toMatchObject({ status: 'running', inspected: 3 });
});

test('while the server is busy, an image of a folder waits', async () => {
  const model = new SlowModel();
  const { run, marked } = await startRun('busy', 1, model, 1);
  const path = at('busy', '0.png');
  await expect.poll(() => model.asked, { timeout }).toEqual([path]);
  model.refuse(path, new BigridError('SERVER_BUSY', 'Expected fewer'));
  await expect.poll(() => model.asked, { timeout }).toEqual([path, path]);
  model.finish(path);
  await expect.poll(() => marked, { timeout }).toEqual([path]);
  expect(run.report()).toMatchObject({ status: 'running', inspected: 1, dropped: 0, failed: 0 });
});

test('an image that changes while it is inspected is inspected again', async () => {
  const model = new SlowModel();
  const { run, marked, lines } = await startRun('changing', 1, model, 1);
  const path = at('changing', '0.png');
  await expect.poll(() => model.asked.length, { timeout }).toBe(1);
  await writeFile(path, 'another image');
  model.finish(path);
  await expect.poll(() => model.asked.length, { timeout }).toBe(2);
  expect(marked).toEqual([]);
  model.finish(path);
  await expect.poll(() => marked, { timeout }).toEqual([path]);
  expect(run.report().inspected).toBe(1);
  expect(await lines()).toHaveLength(1);
});

test('sinks are alerted once when drift begins', async () => {
  const model = new SlowModel();
  const { marked, lines } = await startRun('drift', 300, model, 1);
  const finishing = setInterval(() => model.finish(model.asked.at(-1) as string), 1);
  onTestFinished(() => clearInterval(finishing));
  await expect.poll(() => marked.length, { timeout }).toBe(300);
  const all = await lines();
  const alerts = all.filter(({ type }) => type === 'drift');
  expect(alerts).toMatchObject([
    { stream: 'drift', drifted: true, measures: expect.arrayContaining([]) },
  ]);
  expect(alerts[0].measures[0].name).toBe('brightness');
  // After the second hundred.
  expect(all.indexOf(alerts[0])).toBe(200);
});

test('a sink that fails is in the state, and in the log once', async () => {
  const model = new SlowModel();
  await writeFile(at('broken-data'), 'a file, not a folder');
  const { run, marked, troubles } = await startRun('broken', 3, model, 1);
  const finishing = setInterval(() => model.finish(model.asked.at(-1) as string), 1);
  onTestFinished(() => clearInterval(finishing));
  await expect.poll(() => marked.length, { timeout }).toBe(3);
  const [report] = await run.outletReports();
  expect(report).toMatchObject({ delivered: 0, skipped: 3 });
  expect(troubles).toEqual([{ stream: 'broken', sink: 'lines', trouble: report?.trouble }]);
});
