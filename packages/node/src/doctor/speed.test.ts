import { expect, test } from 'vitest';
import { onnxRuntimeEngine } from '../engine/engine.ts';
import { runsPerSecond } from '../engine/speed.ts';
import { compareSpeeds, speedFinding, training } from './speed.ts';

const speeds = [
  ['cpu', 197.4],
  ['webgpu', 4.61],
] as const;

test('says which device is the fastest, and what to do if it is another', () => {
  expect(speedFinding('webgpu', speeds, 'images/s')).toEqual({
    level: 'note',
    check: 'speed',
    message: 'images/s: 197 on cpu, 4.6 on webgpu',
    remedy: 'Leave `device` out here: it computes on the processor.',
  });
  expect(speedFinding('auto', speeds, 'images/s').level).toBe('ok');
  const faster = [['cpu', 1] as const, ['cuda', 20] as const];
  expect(speedFinding('cuda', faster, 'images/s').level).toBe('ok');
});

test('measures nothing on the processor alone', async () => {
  expect(await compareSpeeds({}, await training())).toEqual([]);
});

test('measures a network and a training step', async () => {
  const engine = onnxRuntimeEngine({ threads: 1 });
  const works = await training();
  expect(works).toHaveLength(2);
  for (const { model } of works) expect(await runsPerSecond(engine, model)).toBeGreaterThan(0);
});
