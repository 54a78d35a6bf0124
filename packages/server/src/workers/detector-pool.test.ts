import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { imageBytes, tinyModel, useFolder } from '../../testing/server.ts';
import { DetectorPool, type PoolOptions } from './detector-pool.ts';
import type { InspectionTask } from './messages.ts';

const at = useFolder();
let image: Buffer;

beforeAll(async () => {
  await writeFile(at('model.onnx'), await tinyModel());
  image = await imageBytes(100, true);
});

async function opened(options: Partial<PoolOptions> = {}): Promise<DetectorPool> {
  const all = { processes: 1, maxWaiting: 10, timeout: 60_000, ...options };
  const pool = await DetectorPool.open({ model: at('model.onnx') }, all);
  onTestFinished(() => pool.dispose());
  return pool;
}

const task = (changes: Partial<InspectionTask> = {}): InspectionTask => ({
  image,
  name: 'part.png',
  judging: {},
  ...changes,
});

/** Process ids of the detectors that this process started. */
function detectors(): number[] {
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8');
  return children
    .split(' ')
    .filter(Boolean)
    .map(Number)
    .filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('detector-worker'));
}

describe('DetectorPool', () => {
  it('inspects, and returns what was asked for', async () => {
    const pool = await opened();
    const [plain, full] = await Promise.all([
      pool.inspect(task()),
      pool.inspect(task({ map: true, heatMap: true })),
    ]);
    expect(plain).toMatchObject({ width: 64, height: 64, map: undefined, heatMap: undefined });
    expect(plain.pValue).toBeGreaterThan(0);
    expect(full).toMatchObject({ score: plain.score, map: { width: 256, height: 256 } });
    expect(
      Buffer.from(full.heatMap ?? [])
        .subarray(1, 4)
        .toString(),
    ).toBe('PNG');
  });

  it('judges by the rules of each request', async () => {
    const pool = await opened();
    const { score, isAnomalous } = await pool.inspect(task({ judging: { threshold: '1e9' } }));
    expect(isAnomalous).toBe(false);
    const low = await pool.inspect(task({ judging: { threshold: '0', unsure: '0' } }));
    expect(low).toMatchObject({ score, isAnomalous: true, threshold: 0, unsureThreshold: 0 });
    await expect(pool.inspect(task({ judging: { threshold: 'x' } }))).rejects.toMatchObject({
      code: 'OPTION_INVALID',
    });
  });

  it('passes on the errors of images', async () => {
    const pool = await opened();
    const broken = task({ image: Buffer.from('no image') });
    await expect(pool.inspect(broken)).rejects.toMatchObject({
      code: 'IMAGE_UNREADABLE',
      message: expect.stringContaining('part.png'),
    });
  });

  it('refuses what exceeds its queue, and forgets what is cancelled', async () => {
    const pool = await opened({ maxWaiting: 2 });
    const gone = new AbortController();
    // Two are given to the process, two wait.
    const taken = [pool.inspect(task()), pool.inspect(task())];
    const waiting = [pool.inspect(task()), pool.inspect(task(), gone.signal)];
    await expect(pool.inspect(task())).rejects.toMatchObject({ code: 'SERVER_BUSY' });
    expect([pool.running, pool.waiting]).toEqual([2, 2]);
    gone.abort();
    expect(pool.waiting).toBe(1);
    await expect(waiting[1]).rejects.toMatchObject({ code: 'CANCELLED' });
    await Promise.all([...taken, waiting[0]]);
    expect([pool.running, pool.waiting]).toEqual([0, 0]);
  });

  it('starts further processes only when it needs them', async () => {
    const pool = await opened({ processes: 2, maxWaiting: 100 });
    await pool.inspect(task());
    expect(pool.processes).toBe(1);
    await expect
      .poll(async () => {
        await Promise.all(Array.from({ length: 8 }, () => pool.inspect(task())));
        return pool.processes;
      })
      .toBe(2);
  });

  it('cancels at once if nobody waits any more', async () => {
    const pool = await opened();
    await expect(pool.inspect(task(), AbortSignal.abort())).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    expect([pool.running, pool.waiting]).toEqual([0, 0]);
  });

  it.runIf(process.platform === 'linux')(
    'replaces a process that dies, and repeats its work',
    async () => {
      const pool = await opened();
      await pool.inspect(task());
      const [first] = detectors();
      const inspecting = Promise.all([pool.inspect(task()), pool.inspect(task())]);
      process.kill(first as number, 'SIGKILL');
      const scores = (await inspecting).map(({ score }) => score);
      expect(scores).toEqual([scores[0], scores[0]]);
      expect(detectors()).not.toContain(first);
    },
  );

  it.runIf(process.platform === 'linux')('ends a process that hangs', async () => {
    const pool = await opened({ timeout: 500 });
    const [first] = detectors();
    process.kill(first as number, 'SIGSTOP');
    await expect(pool.inspect(task())).rejects.toMatchObject({ code: 'TIMED_OUT' });
    expect((await pool.inspect(task())).score).toBeGreaterThan(0);
  });

  it('refuses a file that is no model, and leaves no process', async () => {
    await writeFile(at('broken.onnx'), 'no model');
    const opening = DetectorPool.open(
      { model: at('broken.onnx') },
      { processes: 1, maxWaiting: 1, timeout: 1000 },
    );
    await expect(opening).rejects.toMatchObject({ code: 'BUNDLE_INVALID' });
  });

  it('ends once it has inspected what waits', async () => {
    const pool = await opened();
    const last = pool.inspect(task());
    void pool.retire();
    await last;
    expect(pool.isDisposed).toBe(true);
  });
});

afterAll(() => {
  if (process.platform === 'linux') expect(detectors()).toEqual([]);
});
