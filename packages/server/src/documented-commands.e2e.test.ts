import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { encodeMask } from '@bigrid/node/internal';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { bin, write, writeProduct } from '../../cli/testing/command-line.ts';
import { createProject, ended, eventsOf, tiny } from '../testing/jobs.ts';
import { hasRedis, TestRedis } from '../testing/redis.ts';
import { hasS3, TestS3 } from '../testing/s3.ts';
import {
  imageBytes,
  json,
  maskBytes,
  startServer,
  type TestServer,
  tinyModel,
  useFolder,
} from '../testing/server.ts';
import { isInstalled } from '../testing/streams.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const at = useFolder();
let server: TestServer;
let model: Buffer;
const call = (method: string, path: string, body?: unknown) => json(server, method, path, body);

/** Assignments of variables and calls of curl in the shell blocks of a page, in their order, but with deletions last. */
async function commandsOf(page: string) {
  const text = await readFile(new URL(`../../../docs/how-to/${page}`, import.meta.url), 'utf8');
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block]) => block as string);
  // A command ends with a line that neither continues nor is within quotes.
  const lines = blocks.flatMap((block) => block.match(/(?:'[^']*'|\\\n|[^'\n])+/g) ?? []);
  const commands = lines.filter((line) => line.startsWith('curl '));
  expect(commands.length, page).toBeGreaterThan(5);
  const isDeletion = (command: string) => command.includes('-X DELETE');
  return {
    variables: lines.filter((line) => /^\w+=http/.test(line)),
    commands: [...commands.filter((one) => !isDeletion(one)), ...commands.filter(isDeletion)],
  };
}

/** What curl ended with. */
interface Ran {
  readonly code: number;
  readonly status: string;
  readonly output: string;
}

/** Runs a command in a shell, with the address of the server. */
function run(command: string, variables: readonly string[]): Promise<Ran> {
  const { host } = new URL(server.url);
  const script = [
    `curl() { command curl -sS --max-time 60 -w '%{stderr}\\n%{http_code}' "$@"; }`,
    ...variables,
    command,
  ].join('\n');
  return new Promise((resolve) => {
    const parameters = ['-c', script.replaceAll('localhost:8000', host)];
    execFile('sh', parameters, { cwd: at('files') }, (error, stdout, stderr) => {
      const status = stderr.trim().split('\n').at(-1) ?? '';
      resolve({ code: Number(error?.code ?? 0), status, output: stdout + stderr });
    });
  });
}

/**
 * Runs all commands of a page.
 * @param adapt replaces what depends on the data in a command, after it made sure that there is some
 */
async function runAll(page: string, adapt: (command: string) => Promise<string> | string) {
  const { variables, commands } = await commandsOf(page);
  for (const command of commands) {
    const { code, status, output } = await run(await adapt(command), variables);
    expect([code, status], `${command}\n${output}`).toEqual([0, expect.stringMatching(/^2\d\d$/)]);
  }
}

beforeAll(async () => {
  await mkdir(at('files'));
  await mkdir(at('camera'));
  model = await tinyModel();
  server = await startServer(at('data'), { watch: [at('camera')] });
  for (const name of ['part', 'parts']) {
    const added = await server.send('POST', `/v1/models/${name}/versions`, model);
    expect(added.status).toBe(201);
  }
  const names = ['part', 'a', 'b', '001', '002', '003'];
  for (const [seed, name] of names.entries()) {
    await write(at('files', `${name}.png`), await imageBytes(20 + seed));
  }
  await write(at('files', 'scratched.png'), await imageBytes(30, true));
  await write(at('files', 'part.onnx'), model);
});

afterAll(() => server?.close());

beforeEach(({ skip }) => {
  if (!isInstalled('curl', '--version')) skip('curl is not installed');
});

it('serve.md has commands that work', async () => {
  const half = { width: 2, height: 1, data: Uint8Array.of(255, 0) };
  await write(at('files', 'mask.png'), await encodeMask(half));
  await runAll('serve.md', (command) =>
    // As many scores as the small model has.
    command.replace('max-fpr:0.02', 'max-fpr:0.5'),
  );
});

it('projects-and-jobs.md has commands that work', async () => {
  await createProject(server, 'other');
  const archive = await server.send('GET', '/v1/projects/other/export');
  await write(at('files', 'scratch-mask.png'), Buffer.from(await maskBytes()));
  await writeFile(at('files', 'bottles.zip'), Buffer.from(await archive.arrayBuffer()));
  await writeProduct(at('bottle'));
  const small = JSON.stringify(tiny).slice(1, -1);
  let long: number | undefined;
  await runAll('projects-and-jobs.md', async (command) => {
    const isOfLong = /-X (POST|DELETE) \$jobs\/1/.test(command);
    // Further jobs would wait for it.
    if (long !== undefined && !isOfLong) await call('POST', `/v1/jobs/${long}/cancel`);
    const { body: running } = await call('GET', '/v1/jobs?state=running');
    const { body: queued } = await call('GET', '/v1/jobs?state=queued');
    for (const { id } of [...running.jobs, ...queued.jobs]) {
      if (id !== long) await ended(server, id);
    }
    if (command.includes('/previews/')) {
      const { data } = (await eventsOf(server, 1)).find(({ type }) => type === 'preview') ?? {};
      return command.replace('96/17', `${data.step}/${data.images[0]}`);
    }
    if (isOfLong) {
      const options = { ...tiny, epochs: 10_000 };
      long ??= (await call('POST', '/v1/jobs', { kind: 'train', project: 'bottles', options })).body
        .id as number;
      if (command.includes('DELETE')) await call('POST', `/v1/jobs/${long}/cancel`);
      return command.replace('$jobs/1', `$jobs/${long}`);
    }
    if (command.includes('/comparison')) {
      const request = { project: 'bottles', model: 'bottles' };
      const options = { threshold: 'sigma:3' };
      const calibrating = { ...request, kind: 'calibrate', options };
      const { body: added } = await call('POST', '/v1/jobs', calibrating);
      expect((await ended(server, added.id)).result).toMatchObject({ version: 2 });
      const inspecting = { ...request, kind: 'inspect', version: 2 };
      await ended(server, (await call('POST', '/v1/jobs', inspecting)).body.id);
    }
    const { body: images } = await call('GET', '/v1/projects/bottles/images');
    const [first, second] = images.images ?? [];
    return (
      command
        .replace('images/17', `images/${first?.id}`)
        .replace('[17, 18]', `[${first?.id}, ${second?.id}]`)
        .replace('/data/bottle', at('bottle'))
        // As many scores as the small model has.
        .replace('max-fpr:0.02', 'max-fpr:0.5')
        .replace('"profile": "fast", "seed": 1', small)
    );
  });
});

it('cameras-and-sinks.md has commands that work', async () => {
  let count = 0;
  await runAll('cameras-and-sinks.md', async (command) => {
    if (/line-1\/(events|latest)/.test(command)) {
      await write(at('camera', `${count}.png`), await imageBytes(60 + count));
      count++;
      await vi.waitFor(async () => {
        const latest = await server.send('GET', '/v1/streams/line-1/latest/image');
        expect(latest.status).toBe(200);
      }, 20_000);
    }
    return (
      command
        .replace(/\{"type": "rtsp"[^}]*\}/, JSON.stringify({ type: 'folder', path: at('camera') }))
        .replace('mqtt://broker.local', 'mqtt://127.0.0.1:1')
        // It has no end.
        .replace(/^curl -N (.*)$/, 'curl -N $1 --max-time 1 || [ $? = 28 ]')
    );
  });
});

it('several-machines.md has commands that work', async ({ skip }) => {
  if (!hasRedis || !hasS3) skip('redis-server or moto is not installed');
  const page = new URL('../../../docs/how-to/several-machines.md', import.meta.url);
  const lines = [...(await readFile(page, 'utf8')).matchAll(/^bigrid (.*)$/gm)];
  const commands = lines.map(([, words]) => `${words}`);
  expect(commands.map((words) => words.split(' ')[0])).toEqual([
    'serve',
    'worker',
    'serve',
    'worker',
  ]);
  const redis = await TestRedis.start(at());
  const s3 = await TestS3.start();
  for (const [own, pair] of [commands.slice(0, 2), commands.slice(2)].entries()) {
    const running = [];
    for (const command of pair) {
      const words = command
        .replace('redis://queue:6379', redis.url)
        .replace(/\/(srv|mnt)\/bigrid/, at(`shared-${own}`))
        .replace('/var/lib/bigrid', at('worker'));
      const flags = command.startsWith('serve') ? ['--port', '0'] : [];
      const child = spawn(process.execPath, [bin, ...words.split(' '), ...flags]);
      running.push(child);
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (text) => {
          output += text;
        });
      }
      await vi.waitFor(() => expect(output).toMatch(/^(Listening on|Taking jobs) /m), 20_000);
    }
    for (const child of running.reverse()) {
      child.kill();
      if (child.exitCode === null) await once(child, 'exit');
      expect(child.exitCode).toBe(0);
    }
  }
  await Promise.all([redis.stop(), s3.stop()]);
});
