// Measures the server: images per second against `bigrid inspect` on the same images, in turns; latency at 70 % of that
// load; behaviour over capacity.
//
//   npm run bench:server -- MODEL.onnx [--rounds N] [--images N] [--seconds N] [--over SECONDS] [--sizes N]
//
//   --rounds N    rounds of throughput, every way once in each; default 5
//   --images N    images per way and round; default 400
//   --seconds N   of constant load for the latency; default 30
//   --over N      seconds over capacity; default 60
//   --sizes N     images, each of another size, while memory is measured; default 1000

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { residentMegabytes } from '../packages/server/testing/memory.ts';
import { circumstances } from './command-line.mjs';
import { quantile } from './statistics.mjs';

const bin = join(import.meta.dirname, '..', 'packages', 'cli', 'bin', 'bigrid.js');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    images: { type: 'string', default: '400' },
    seconds: { type: 'string', default: '30' },
    over: { type: 'string', default: '60' },
    sizes: { type: 'string', default: '1000' },
  },
});
const [model] = positionals;
if (model === undefined) {
  console.error('Expected a model file.');
  process.exit(64);
}

const CLIENTS = 8;
const SIDE = 256;
const work = mkdtempSync(join(tmpdir(), 'bigrid-bench-server-'));
const agent = new Agent({ keepAlive: true, maxSockets: 1000 });
let server;

async function drawImages(folder, count) {
  mkdirSync(folder, { recursive: true });
  for (let seed = 0; seed < count; seed++) {
    const noise = { type: 'gaussian', mean: 120 + (seed % 9), sigma: 12 };
    const image = sharp({
      create: { width: SIDE, height: SIDE, channels: 3, background: '#000', noise },
    });
    writeFileSync(
      join(folder, `${String(seed).padStart(5, '0')}.jpg`),
      await image.jpeg().toBuffer(),
    );
  }
}

/** Starts it twice on one data folder: the second time it is ready with one model at once. */
async function startServer() {
  const first = await start();
  await send(first, 'POST', '/v1/models/bench/versions', readFileSync(model));
  first.child.kill('SIGTERM');
  await once(first.child, 'exit');
  const started = performance.now();
  const running = await start();
  while ((await send(running, 'GET', '/health/ready')).status !== 200) await setTimeout(5);
  console.log(`Cold start to ready: ${Math.round(performance.now() - started)} ms`);
  return running;
}

async function start() {
  const args = [bin, 'serve', '--data', join(work, 'data'), '--port', '0'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const [line] = await once(createInterface(child.stdout), 'line');
  return { child, url: new URL(line.split(' ').at(-1)) };
}

function send({ url }, method, path, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const sent = performance.now();
    const length = body ? { 'content-length': body.length } : {};
    const asked = request(
      {
        host: url.hostname,
        port: url.port,
        method,
        path,
        agent,
        headers: { ...headers, ...length },
      },
      async (response) => {
        const chunks = [];
        for await (const chunk of response) chunks.push(chunk);
        const took = performance.now() - sent;
        const { statusCode: status, headers: received } = response;
        resolve({ status, took, headers: received, body: Buffer.concat(chunks) });
      },
    );
    asked.on('error', reject).end(body);
  });
}

const ways = {
  'bigrid inspect': (folder) => inspectOnCommandLine(folder),
  '/v1/models/bench/inspect': (_, files) =>
    byClients(files, (file) => send(server, 'POST', '/v1/models/bench/inspect', file)),
  '/v2/models/bench/infer': (_, files) => byClients(files, infer),
};

/** An encoded image as a binary tensor, as tritonclient sends it; the score and the verdict come back. */
function infer(file) {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(file.length);
  const input = { name: 'image', datatype: 'BYTES', shape: [1] };
  const head = Buffer.from(
    JSON.stringify({
      inputs: [{ ...input, parameters: { binary_data_size: file.length + 4 } }],
      outputs: [{ name: 'score' }, { name: 'verdict' }],
    }),
  );
  const headers = { 'Inference-Header-Content-Length': head.length };
  return send(
    server,
    'POST',
    '/v2/models/bench/infer',
    Buffer.concat([head, length, file]),
    headers,
  );
}

/** Images per second between the first result and the last. */
async function inspectOnCommandLine(folder) {
  const child = spawn(process.execPath, [bin, 'inspect', model, folder, '--json', '--quiet'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let [results, first] = [0, 0];
  for await (const _ of createInterface(child.stdout)) {
    if (results++ === 0) first = performance.now();
  }
  return ((results - 1) / (performance.now() - first)) * 1000;
}

async function byClients(files, inspect) {
  const waiting = [...files];
  const started = performance.now();
  const client = async () => {
    for (let file = waiting.pop(); file; file = waiting.pop()) {
      const { status, body } = await inspect(file);
      if (status !== 200) throw new Error(`Expected status 200 but received ${status}: ${body}`);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return (files.length / (performance.now() - started)) * 1000;
}

async function measureThroughput(folder, files) {
  const rates = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
  // Once without measuring: processes start, code is compiled.
  for (const way of Object.values(ways)) await way(folder, files);
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [name, way] of Object.entries(ways)) rates[name].push(await way(folder, files));
  }
  const base = rates['bigrid inspect'];
  for (const [name, all] of Object.entries(rates)) {
    const ratio = quantile(
      all.map((rate, round) => rate / base[round]),
      0.5,
    );
    console.log(
      `${name}: ${quantile(all, 0.5).toFixed(1)} images/s, ${ratio.toFixed(2)} of bigrid inspect`,
    );
  }
  server.capacity = quantile(rates['/v1/models/bench/inspect'], 0.5);
}

async function measureLatency(files) {
  const rate = 0.7 * server.capacity;
  const total = Math.round(rate * Number(values.seconds));
  await send(server, 'GET', '/metrics');
  const started = performance.now();
  const asked = [];
  for (let at = 0; at < total; at++) {
    const due = started + (at / rate) * 1000;
    const pause = due - performance.now();
    if (pause > 1) await setTimeout(pause);
    asked.push(send(server, 'POST', '/v1/models/bench/inspect', files[at % files.length]));
  }
  const took = (await Promise.all(asked)).map((one) => one.took).sort((a, b) => a - b);
  const at = (share) => took[Math.min(took.length - 1, Math.floor(share * took.length))];
  const metrics = (await send(server, 'GET', '/metrics')).body.toString();
  const lag = Number(/^nodejs_eventloop_lag_p99_seconds (\S+)/m.exec(metrics)?.[1]) * 1000;
  console.log(
    `Latency at ${rate.toFixed(1)} images/s: median ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms, ${(at(0.99) / at(0.5)).toFixed(1)} times; event loop delay p99 ${lag.toFixed(1)} ms`,
  );
}

async function measureOverload(files) {
  const end = performance.now() + 1000 * Number(values.over);
  const statuses = new Map();
  const memory = [];
  const client = async (number) => {
    for (let at = number; performance.now() < end; at++) {
      const path = at % 5 === 0 ? '/v1/models' : '/v1/models/bench/inspect';
      const answer = await (at % 5 === 0
        ? send(server, 'GET', path)
        : at % 2
          ? infer(files[at % files.length])
          : send(server, 'POST', path, files[at % files.length]));
      const isRight = answer.status === 503 ? answer.headers['retry-after'] !== undefined : true;
      const key = `${answer.status}${isRight ? '' : ' without Retry-After'}`;
      statuses.set(key, (statuses.get(key) ?? 0) + 1);
      // Otherwise a refused client would do nothing but be refused again.
      if (answer.status === 503) await setTimeout(100);
    }
  };
  const watching = setInterval(
    () => memory.push(Math.round(residentMegabytes(server.child.pid))),
    1000,
  );
  await Promise.all(Array.from({ length: 200 }, (_, number) => client(number)));
  clearInterval(watching);
  const tenth = Math.max(1, Math.floor(memory.length / 10));
  const shown = memory.filter((_, at) => at % tenth === 0);
  console.log(
    `Over capacity for ${values.over} s: ${[...statuses].map(([status, n]) => `${n} of status ${status}`).join(', ')}; resident memory ${shown.join(', ')} MB`,
  );
}

/** Images of all sizes up to a few hundred pixels, and the memory after each tenth of them. */
async function measureSizes() {
  const total = Number(values.sizes);
  const memory = [];
  let next = 0;
  const client = async () => {
    while (next < total) {
      const number = next++;
      // Every number gives another pair of sides.
      const [width, height] = [32 + (number % 173), 32 + Math.floor(number / 173)];
      const create = { width, height, channels: 3, background: { r: number % 256, g: 90, b: 90 } };
      const file = await sharp({ create }).jpeg().toBuffer();
      const { status, body } = await send(server, 'POST', '/v1/models/bench/inspect', file);
      if (status !== 200) throw new Error(`Expected status 200 but received ${status}: ${body}`);
      if (number % Math.ceil(total / 10) === 0)
        memory.push(Math.round(residentMegabytes(server.child.pid)));
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  memory.push(Math.round(residentMegabytes(server.child.pid)));
  console.log(`${total} images, each of another size: resident memory ${memory.join(', ')} MB`);
}

try {
  const folder = join(work, 'images');
  const count = Number(values.images);
  await drawImages(folder, count);
  const files = readdirSync(folder).map((name) => readFileSync(join(folder, name)));
  server = await startServer();
  console.log(await circumstances());
  await measureThroughput(folder, files);
  await measureLatency(files);
  await measureOverload(files);
  await measureSizes();
} finally {
  server?.child.kill('SIGKILL');
  rmSync(work, { recursive: true, force: true });
}
