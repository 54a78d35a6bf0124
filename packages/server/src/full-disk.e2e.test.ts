import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished } from 'vitest';
import { bin } from '../../cli/testing/command-line.ts';
import { imageBytes, startServer, tinyModel, useFolder } from '../testing/server.ts';

const at = useFolder();

/** A server whose process may write files of a megabyte at most, so that writing a larger one fails as on a full disk. */
async function startLimited(data: string): Promise<string> {
  const command = `ulimit -f 1024; exec "$@"`;
  const args = ['-c', command, 'sh', process.execPath, bin, 'serve', '--data', data, '--port', '0'];
  const child = spawn('sh', [...args, '--processes', '1'], { stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await once(child, 'close');
  });
  const [line] = await once(createInterface(child.stdout), 'line');
  return String(line).split(' ').at(-1) as string;
}

it.skipIf(process.platform === 'win32')(
  'refuses an upload for which there is no room, and goes on (needs ulimit)',
  async () => {
    const data = at('data');
    const model = await tinyModel();
    const before = await startServer(data);
    await before.send('POST', '/v1/models/part/versions', model);
    await before.close();

    const url = await startLimited(data);
    const send = (method: string, path: string, body?: Uint8Array<ArrayBuffer>) =>
      fetch(`${url}${path}`, { method, ...(body && { body }) });
    const refused = await send('POST', '/v1/models/part/versions', new Uint8Array(model));
    expect([refused.status, await refused.json()]).toMatchObject([
      507,
      { code: 'OUTPUT_UNWRITABLE' },
    ]);
    expect(await (await send('GET', '/v1/models/part')).json()).toHaveLength(1);
    expect(await readdir(`${data}/incoming`)).toEqual([]);
    const image = new Uint8Array(await imageBytes(50));
    expect((await send('POST', '/v1/models/part/inspect', image)).status).toBe(200);
    expect((await send('POST', '/v1/models/part/versions/1/activate')).status).toBe(200);
  },
);

it('says that its data folder cannot be one', async () => {
  await writeFile(at('file'), 'a file');
  await expect(startServer(at('file'))).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
});
