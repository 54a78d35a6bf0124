import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { holdAlone } from './hold-alone.ts';

// On Windows all of them are names outside the file system.
test.skipIf(process.platform === 'win32')(
  'a socket that a killed process left is taken over; a live one is not',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bigrid-hold-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const address = join(folder, 'held.sock');
    const hold = `require('net').createServer().listen(${JSON.stringify(address)}, () => console.log('held'))`;
    const other = spawn(process.execPath, ['-e', hold]);
    await new Promise((resolve) => other.stdout.once('data', resolve));
    await expect(holdAlone('the line', address)).rejects.toMatchObject({
      code: 'IN_USE',
      message: 'Expected the line to be free but received another Bigrid process using it',
    });
    other.kill('SIGKILL');
    await new Promise((resolve) => other.once('close', resolve));
    const release = await holdAlone('the line', address);
    await release();
    await (await holdAlone('the line', address))();
  },
);

test('what is held by name is given back', async () => {
  const release = await holdAlone('/a/folder');
  const other = await holdAlone('/another/folder');
  await expect(holdAlone('/a/folder')).rejects.toMatchObject({ code: 'IN_USE' });
  await release();
  await (await holdAlone('/a/folder'))();
  await other();
});
