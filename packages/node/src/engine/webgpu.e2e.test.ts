import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { webgpuEnvironment } from '../../testing/webgpu-adapter.ts';

const environment = await webgpuEnvironment();
const job = fileURLToPath(new URL('../../testing/device-job.ts', import.meta.url));

test('WebGPU computes every operator, trains, inspects, stores smaller weights and updates as the processor does', {
  timeout: 300_000,
}, async ({ skip }) => {
  skip(!environment, 'no WebGPU adapter: Chromium or Chrome brings one in software');
  const ended = await promisify(execFile)(process.execPath, [job], { env: environment });
  expect(ended.stderr).toBe('');
  const differences: Record<string, number> = JSON.parse(ended.stdout);
  expect(Object.keys(differences)).toHaveLength(8);
  for (const [what, difference] of Object.entries(differences)) {
    expect(difference, what).toBeLessThan(1e-3);
  }
});
