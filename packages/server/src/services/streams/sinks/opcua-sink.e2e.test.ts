import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../../../testing/free-port.ts';
import { startStreamServer, useTinyModel } from '../../../../testing/streams.ts';
import { OpcuaSink } from './opcua-sink.ts';
import { SinkState } from './sink.ts';

const python = process.env.BIGRID_CLIENTS;
const why = python ? '' : ' (skipped: needs BIGRID_CLIENTS)';

const at = useTinyModel();

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(at('opcua-'));
});

/** An OPC UA server of another make. */
async function startPlc(port: number, ...options: string[]) {
  const program = fileURLToPath(new URL('../../../../testing/opcua_server.py', import.meta.url));
  const plc = spawn(python as string, [program, `${port}`, at(), ...options], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  // biome-ignore lint/suspicious/noExplicitAny: JSON.
  const history: any[] = [];
  const lines = createInterface(plc.stdout).on('line', (line) => history.push(JSON.parse(line)));
  await once(lines, 'line');
  const kill = async () => {
    if (plc.exitCode === null && plc.kill('SIGKILL')) await once(plc, 'exit');
  };
  /** Its variables. */
  const now = () => history.at(-1);
  return { port, now, kill, pause: () => plc.kill('SIGSTOP') };
}

/** As {@link startPlc}, on a port of its own, until the test ends. */
async function startOwnPlc(...options: string[]) {
  const plc = await startPlc(await freePort(), ...options);
  onTestFinished(plc.kill);
  return plc;
}

let server: Awaited<ReturnType<typeof startStreamServer>>;
beforeAll(async () => {
  server = await startStreamServer(at('data'), [at()], at('part.onnx'));
});
afterAll(() => server.close());

const ids = (names: Record<string, string>) =>
  Object.fromEntries(Object.entries(names).map(([key, name]) => [key, `ns=2;s=Line.${name}`]));

/** Starts a stream of a folder of its own, which is deleted after the test. */
async function startStream(port: number, names: Record<string, string>, more = {}) {
  const url = `opc.tcp://127.0.0.1:${port}/plc`;
  const created = await server.post('/v1/streams', {
    name: 'line-1',
    source: { type: 'folder', path: folder },
    model: 'part',
    sinks: [{ type: 'opcua', url, nodes: ids(names), ...more }],
  });
  expect(created).toMatchObject({ status: 201 });
  onTestFinished(async () => {
    await server.delete('/v1/streams/line-1');
  });
  const inspect = (n: number) => copyFile(at(`good/${n}.png`), join(folder, `${n}.png`));
  const sink = async () => (await server.get('/v1/streams/line-1')).body.sinks[0];
  const trouble = () => expect.poll(async () => (await sink()).trouble);
  return { inspect, sink, trouble };
}

const login = { username: 'line', password: 'pass-word' };

describe.skipIf(!python)(`OPC UA${why}`, () => {
  let plc: Awaited<ReturnType<typeof startPlc>>;
  beforeAll(async () => {
    plc = await startPlc(await freePort(), '--users');
  });
  afterAll(() => plc.kill());

  test('results are written to variables', async () => {
    const names = {
      count: 'Count',
      anomalous: 'Anomalous',
      verdict: 'Verdict',
      score: 'Score',
      image: 'Image',
      at: 'At',
    };
    const { inspect, sink, trouble } = await startStream(plc.port, names, login);
    await trouble().toBeUndefined();
    const next = (plc.now().Count + 1) % 2 ** 16;
    await inspect(1);
    await expect.poll(() => plc.now().Count).toBe(next);
    expect(plc.now()).toMatchObject({
      Image: join(folder, '1.png'),
      Verdict: expect.stringMatching(/normal|unsure|anomalous/),
      At: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
    expect(plc.now().Anomalous).toBe(plc.now().Verdict === 'anomalous');
    expect(plc.now().Score).toBeGreaterThan(0);

    await expect.poll(sink).toMatchObject({ delivered: 1, skipped: 0 });
    expect(JSON.stringify(await sink())).not.toMatch(/pass-word|"username"|\/plc/);
  });

  test('an image that cannot be inspected is written as anomalous', async () => {
    const state = new SinkState();
    const definition = {
      type: 'opcua',
      url: `opc.tcp://127.0.0.1:${plc.port}/plc`,
      nodes: ids({ anomalous: 'Anomalous', verdict: 'Verdict', score: 'Real', count: 'Count' }),
      security: 'none',
      mostPerSecond: 1,
      ...login,
    } as const;
    const sink = new OpcuaSink(definition, at('certificates'), state);
    onTestFinished(() => sink.close());
    await expect.poll(() => state.trouble).toBeUndefined();
    const { Real: score, Count: count } = plc.now();
    const error = { code: 'IMAGE_UNREADABLE', message: 'Expected an image' };
    const result = { at: '2026-11-27T06:00:00.000Z', stream: 's', image: '1', model: 'm', error };
    await sink.take({ result, image: new Uint8Array(), heatMap: undefined });
    await expect.poll(() => plc.now().Count).toBe((count + 1) % 2 ** 16);
    expect(plc.now()).toMatchObject({ Anomalous: true, Verdict: 'error', Real: score });
  });

  test('what the server refuses is in the state, and the next result is written', async () => {
    const names = { score: 'Real', verdict: 'ReadOnly' };
    const { inspect, sink, trouble } = await startStream(plc.port, names, login);
    await trouble().toBeUndefined();
    await inspect(1);
    await trouble().toMatch(/BadUserAccessDenied for verdict, ns=2;s=Line.ReadOnly/);
    await expect.poll(() => plc.now().Real).toBeGreaterThan(0);
    const first = plc.now().Real;
    await inspect(2);
    await expect.poll(sink).toMatchObject({ delivered: 0, skipped: 2 });
    await expect.poll(() => plc.now().Real).not.toBe(first);
  });

  test.each([
    ['Missing', {}, /for score but received ns=2;s=Line.Missing: BadNodeIdUnknown/],
    ['Verdict', {}, /of type Double or Float for score .* of type String/],
    ['Score', { security: 'sign' }, /does not offer "security": "sign"/],
    ['Score', { password: 'other-word' }, /^(?!.*word).*BadUserAccessDenied/],
    ['Score', { username: undefined }, /asks for a username and a password/],
  ])('%s with %o does not do', async (score, more, message) => {
    const { trouble } = await startStream(plc.port, { score }, { ...login, ...more });
    await trouble().toMatch(message);
  });

  test('a server of another kind is named as such', async () => {
    const { trouble } = await startStream(Number(new URL(server.url).port), { score: 'Score' });
    await trouble().toMatch(/does not answer as such a server does/);
  });

  test('without a server images are inspected nevertheless; it is found whenever it starts', async () => {
    const port = await freePort();
    const { inspect, sink, trouble } = await startStream(port, { score: 'Score' });
    await inspect(1);
    await expect.poll(sink).toMatchObject({ delivered: 0, skipped: 1 });
    const message = `The OPC UA server cannot be used: connect ECONNREFUSED 127.0.0.1:${port}`;
    await trouble().toBe(message);
    const first = await startPlc(port);
    onTestFinished(first.kill);
    await trouble().toBeUndefined();
    await first.kill();
    await trouble().toBe(message);
    const second = await startPlc(port);
    onTestFinished(second.kill);
    await trouble().toBeUndefined();
    await inspect(2);
    await expect.poll(() => second.now().Score).toBeGreaterThan(0);
  });

  test('a secure server is used once its certificate is trusted', async () => {
    const { port, now } = await startOwnPlc('--users', '--secure');
    const more = { ...login, security: 'sign-and-encrypt' };
    const { inspect, trouble } = await startStream(port, { verdict: 'Verdict' }, more);
    await trouble().toMatch(/move it to opcua\/trusted\/certs/);
    const rejected = at('data', 'opcua', 'rejected');
    const [file, ...others] = await readdir(rejected);
    expect(others).toEqual([]);
    await rename(join(rejected, `${file}`), at('data', 'opcua', 'trusted', 'certs', `${file}`));
    await trouble().toBeUndefined();
    await inspect(1);
    await expect.poll(() => now().Verdict).not.toBe('');
  });

  test('a server that hangs does not hold up the end of a stream', async () => {
    const { port, pause } = await startOwnPlc();
    const { inspect, trouble } = await startStream(port, { score: 'Score' });
    await trouble().toBeUndefined();
    pause();
    await inspect(1);
    await expect
      .poll(async () => (await server.get('/v1/streams/line-1')).body.state)
      .toMatchObject({ inspected: 1 });
    const started = performance.now();
    await server.post('/v1/streams/line-1/stop');
    expect(performance.now() - started).toBeLessThan(7000);
  });
});

test('without its packages a stream is refused, with the command that installs them', async () => {
  const missing = at('missing.mjs');
  // As if they were looked for where they are not.
  await writeFile(
    missing,
    `import { registerHooks } from 'node:module';
    registerHooks({
      resolve: (name, context, next) =>
        next(name, name.startsWith('node-opcua') ? { ...context, parentURL: 'file:///' } : context),
    });`,
  );
  const packages = new URL('./opcua-packages.ts', import.meta.url);
  const program = `const { loadOpcua } = await import(${JSON.stringify(packages)});
    await loadOpcua().catch(({ code, remedy }) => console.log(code, remedy));`;
  const args = ['--import', missing, '--input-type=module', '--eval', program];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(stdout).toMatch(/^OPCUA_MISSING .*npm install node-opcua-client/);
});
