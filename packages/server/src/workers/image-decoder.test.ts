import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { afterEach, expect, it } from 'vitest';
import { imageBytes, useFolder } from '../../testing/server.ts';
import { ImageDecoder } from './image-decoder.ts';

const at = useFolder();
let decoder: ImageDecoder;
afterEach(() => decoder.dispose());

it('decodes one file after the other, and goes on after one that it cannot', async () => {
  decoder = new ImageDecoder();
  await writeFile(at('part.png'), await imageBytes(1));
  await writeFile(at('notes.txt'), 'text');
  const [first, refused, last] = await Promise.allSettled([
    decoder.decode({ image: at('part.png'), name: 'part.png' }),
    decoder.decode({ image: at('notes.txt'), name: 'notes.txt' }),
    decoder.decode({ image: at('part.png'), name: 'part.png' }),
  ]);
  const decoded = { format: 'PNG', width: 64, height: 64, preview: expect.any(Uint8Array) };
  expect(first).toMatchObject({ status: 'fulfilled', value: decoded });
  expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'IMAGE_UNREADABLE' } });
  expect(last).toEqual(first);
});

it.runIf(process.platform === 'linux')('does not wait for a file that never ends', async () => {
  decoder = new ImageDecoder();
  execFileSync('mkfifo', [at('pipe')]);
  await writeFile(at('part.png'), await imageBytes(1));
  await decoder.decode({ image: at('part.png'), name: 'part.png' });
  const waiting = [1, 2].map(() => decoder.decode({ image: at('pipe'), name: 'pipe' }));
  // The first has been sent to the process by then.
  await new Promise(setImmediate);
  await decoder.dispose();
  for (const { status, reason } of (await Promise.allSettled(waiting)) as PromiseRejectedResult[]) {
    expect([status, reason.code]).toEqual(['rejected', 'WORKER_LOST']);
  }
});
