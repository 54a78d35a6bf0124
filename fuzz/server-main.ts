// Fuzzes a running server over HTTP: `npm run fuzz:server -- --minutes N`.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '@bigrid/method';
import { residentMegabytes } from '../packages/server/testing/memory.ts';
import { startServer, tinyModel } from '../packages/server/testing/server.ts';
import { ServerFuzzer } from './server.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
});
/** Requests at once. */
const CLIENTS = 4;

const folder = mkdtempSync(join(tmpdir(), 'bigrid-fuzz-server-'));
const server = await startServer(join(folder, 'data'), { bodyLimit: 8, maxWaiting: 8 });
const memory: number[] = [];
let faults = 0;
try {
  const fuzzer = await ServerFuzzer.open(
    server,
    await tinyModel(),
    new Random(Number(values.seed)),
  );
  const end = performance.now() + 60_000 * Number(values.minutes);
  let next = 0;
  const client = async () => {
    while (performance.now() < end) {
      const fault = await fuzzer.send(next++);
      if (fault) console.log(`FAULT: ${fault.request}\n  ${fault.problem}`);
      if (fault) faults++;
      if (next % 200 === 0) memory.push(residentMegabytes(process.pid));
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  const statuses = [...fuzzer.statuses].sort(([a], [b]) => a - b);
  console.log(
    `${next} requests to ${fuzzer.routes} routes, seed ${values.seed}: ${statuses.map(([status, count]) => `${count} of status ${status}`).join(', ')}; ${faults} faults`,
  );
  const shown = memory.filter((_, at) => at % Math.ceil(memory.length / 10) === 0);
  console.log(`Resident memory, server and client: ${shown.map(Math.round).join(', ')} MB`);
} finally {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = faults > 0 ? 1 : 0;
