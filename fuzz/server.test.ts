import { Random } from '@bigrid/method';
import { expect, test } from 'vitest';
import { startServer, tinyModel, useFolder } from '../packages/server/testing/server.ts';
import { ServerFuzzer } from './server.ts';

/** `npm run fuzz:server` sends more. */
const REQUESTS_PER_ROUTE = 6;

const at = useFolder();

test('every route answers strange requests, and none with an internal error', async () => {
  const server = await startServer(at('data'), { bodyLimit: 8, maxWaiting: 8 });
  try {
    const fuzzer = await ServerFuzzer.open(server, await tinyModel(), new Random(1));
    const faults: unknown[] = [];
    for (let request = 0; request < REQUESTS_PER_ROUTE * fuzzer.routes; request++) {
      const fault = await fuzzer.send(request);
      if (fault) faults.push(fault);
    }
    expect(faults).toEqual([]);
    expect((await server.send('GET', '/health/live')).status).toBe(200);
    expect([...fuzzer.statuses.keys()].some((status) => status < 300)).toBe(true);
  } finally {
    await server.close();
  }
}, 300_000);
