// Kills a server with SIGKILL at random points while it takes uploads, activations, changes of rules, and labels; starts it
// again, and checks that whatever was acknowledged is there, and that nothing half-written is visible.
//
//   npm run bench:kill-server -- [--points 100] [--seed 1]

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Random } from '@bigrid/method';
import { imageFromBytes, train } from '@bigrid/node';
import sharp from 'sharp';
import { circumstances } from './command-line.mjs';

const bin = join(import.meta.dirname, '..', 'packages', 'cli', 'bin', 'bigrid.js');
const { values } = parseArgs({
  options: { points: { type: 'string', default: '100' }, seed: { type: 'string', default: '1' } },
});
const random = new Random(Number(values.seed)).fork('kill-server');
const work = mkdtempSync(join(tmpdir(), 'bigrid-kill-server-'));
const data = join(work, 'data');

/** What the server acknowledged. */
const known = { versions: new Map(), active: undefined, images: new Map() };
let running;

async function start() {
  const args = [bin, 'serve', '--data', data, '--port', '0', '--processes', '1'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const [line] = await once(createInterface(child.stdout), 'line');
  running = { child, url: line.split(' ').at(-1) };
}

/** @returns the answer, or undefined if the server was killed before it answered */
async function ask(method, path, body) {
  const isJson = body !== undefined && !(body instanceof Uint8Array);
  const headers = isJson ? { 'content-type': 'application/json' } : {};
  const given = isJson ? JSON.stringify(body) : body;
  try {
    const response = await fetch(`${running.url}${path}`, { method, body: given, headers });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? {} : JSON.parse(text);
  } catch (error) {
    // That is what fetch throws if there is no answer.
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** Each sends one change, and returns whether it was acknowledged; `doubt` says what may or may not have happened. */
const changes = {
  async upload(doubt) {
    doubt.upload = true;
    const answer = await ask('POST', '/v1/models/part/versions?activate=false', pick(models));
    if (answer) known.versions.set(answer.version, {});
    if (answer) known.active ??= answer.version;
    return answer;
  },
  async activate(doubt) {
    doubt.active = pick([...known.versions.keys()]);
    const answer = await ask('POST', `/v1/models/part/versions/${doubt.active}/activate`);
    if (answer) known.active = doubt.active;
    return answer;
  },
  async settings(doubt) {
    const version = pick([...known.versions.keys()]);
    doubt.settings = { threshold: String(random.integer(1, 1000)) };
    const path = `/v1/models/part/versions/${version}/settings`;
    const answer = await ask('PUT', path, doubt.settings);
    if (answer) known.versions.set(version, doubt.settings);
    return answer;
  },
  async image(doubt) {
    doubt.image = true;
    const bytes = await draw(random.integer(0, 1e6));
    const answer = await ask('POST', '/v1/projects/parts/images?name=part.png', bytes);
    const [added] = answer?.images ?? [];
    if (added) known.images.set(added.id, added.label);
    return answer;
  },
  async label(doubt) {
    if (known.images.size === 0) return {};
    const id = pick([...known.images.keys()]);
    doubt.label = pick(['normal', 'defect']);
    const body = { images: [id], label: doubt.label };
    const answer = await ask('PATCH', '/v1/projects/parts/images', body);
    if (answer) known.images.set(id, doubt.label);
    return answer;
  },
};

/** Changes one thing after the other until the server is gone. @returns the change in doubt */
async function changeUntilKilled() {
  for (;;) {
    const doubt = {};
    const kind = known.versions.size === 0 ? 'upload' : pick(Object.keys(changes));
    if (!(await changes[kind](doubt))) return { kind, ...doubt };
  }
}

/** Compares what is there with what was acknowledged, and takes over what was in doubt. @returns problems */
async function compare(doubt) {
  const problems = [];
  const expect = (isRight, text) => isRight || problems.push(`${text} (in doubt: ${doubt.kind})`);
  const versions = await ask('GET', '/v1/models').then((all) => all ?? []);
  const found = new Map(versions.map((one) => [one.version, one]));
  for (const [version, settings] of known.versions) {
    const { settings: actual } = found.get(version) ?? {};
    const allowed = [settings, doubt.settings].map((one) => JSON.stringify(one));
    expect(allowed.includes(JSON.stringify(actual)), `version ${version} lost its settings`);
  }
  expect(found.size <= known.versions.size + (doubt.upload ? 1 : 0), 'a version appeared');
  const active = versions.find(({ isActive }) => isActive)?.version;
  const mayBeActive = [known.active, doubt.active, ...(doubt.upload ? [1] : [])];
  expect(mayBeActive.includes(active), `version ${active} is active, not ${known.active}`);
  for (const { version } of versions) {
    const ready = await ask('GET', `/v2/models/part/versions/${version}/ready`);
    expect(ready?.ready, `version ${version} does not load`);
  }
  const { images } = await ask('GET', '/v1/projects/parts/images?limit=1000');
  const labels = new Map(images.map(({ id, label }) => [id, label]));
  for (const [id, label] of known.images) {
    expect([label, doubt.label].includes(labels.get(id)), `image ${id} lost its label ${label}`);
  }
  expect(labels.size <= known.images.size + (doubt.image ? 1 : 0), 'an image appeared');
  for (const { id } of images.slice(-1)) {
    const { status } = await fetch(`${running.url}/v1/projects/parts/images/${id}/file`);
    expect(status === 200, `image ${id} has no file`);
  }
  const incoming = readdirSync(join(data, 'incoming'));
  expect(incoming.length === 0, `half-received files are left: ${incoming.join(', ')}`);
  known.versions = new Map(versions.map(({ version, settings }) => [version, settings]));
  known.active = active;
  known.images = labels;
  return problems;
}

function pick(list) {
  return list[random.integer(0, list.length - 1)];
}

async function draw(seed) {
  const noise = { type: 'gaussian', mean: 100 + (seed % 50), sigma: 12 };
  const create = { width: 64, height: 64, channels: 3, background: '#000', noise };
  return sharp({ create }).png().toBuffer();
}

async function trainTiny(seed) {
  const images = await Promise.all(
    Array.from({ length: 8 }, async (_, at) =>
      imageFromBytes(await draw(at), { name: `${at}.png` }),
    ),
  );
  return (await train(images, { seed, epochs: 1, size: 64, threads: 1 })).bytes;
}

const models = [await trainTiny(0), await trainTiny(1)];
console.log(circumstances());
const killed = {};
let problems = [];
try {
  await start();
  await ask('POST', '/v1/projects', { name: 'parts' });
  await changes.upload({});
  for (let point = 1; point <= Number(values.points); point++) {
    const { child } = running;
    const ended = once(child, 'exit');
    const changing = changeUntilKilled();
    await setTimeout(random.uniform(0, 2500));
    child.kill('SIGKILL');
    const doubt = await changing;
    await ended;
    killed[doubt.kind] = (killed[doubt.kind] ?? 0) + 1;
    await start();
    problems = [...problems, ...(await compare(doubt))];
    if (process.stderr.isTTY) process.stderr.write(`\r${point} of ${values.points}`);
  }
} finally {
  running?.child.kill('SIGKILL');
  rmSync(work, { recursive: true, force: true });
}
const { versions, images } = known;
console.log(`Killed ${values.points} times, in the middle of: ${JSON.stringify(killed)}`);
console.log(`${versions.size} versions and ${images.size} images at the end`);
for (const problem of problems) console.log(`PROBLEM: ${problem}`);
if (problems.length > 0) process.exitCode = 1;
