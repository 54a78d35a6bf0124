import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import {
  ended,
  imageBytes,
  start,
  trainTiny,
  useTemporaryFolder,
} from '../../testing/command-line.ts';

const at = useTemporaryFolder();

/** Starts the server. @returns what it prints before it waits */
async function startServer() {
  const words = ['serve', '--keys', 'always', '--port', '0', '--processes', '1'];
  const child = start([...words, '--data', at('data')]);
  const end = ended(child);
  let output = '';
  child.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  await expect.poll(() => output, { timeout: 30_000 }).toMatch(/bigrid_\S+\n/);
  const [, url = ''] = /Listening on (\S+)/.exec(output) ?? [];
  const [key = ''] = /bigrid_\S+/.exec(output) ?? [];
  return { child, end, url, key };
}

it('finishes what it took when it is told to stop, takes no more, and logs no key', async () => {
  await trainTiny(at);
  const { child, end, url, key } = await startServer();
  const headers = { authorization: `Bearer ${key}` };
  const file = await readFile(at('model.onnx'));
  const added = await fetch(`${url}/v1/models/part/versions`, {
    method: 'POST',
    body: file,
    headers,
  });
  expect(added.status).toBe(201);

  // Half of an image, so that the request runs until the test sends the other half.
  const image = await imageBytes(1);
  const socket = connect(Number(new URL(url).port), '127.0.0.1').setEncoding('utf8');
  let response = '';
  socket.on('data', (chunk) => {
    response += chunk;
  });
  const head = [
    'POST /v1/models/part/inspect HTTP/1.1',
    'Host: localhost',
    `Authorization: Bearer ${key}`,
    'Expect: 100-continue',
    `Content-Length: ${image.length}`,
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  await expect.poll(() => response).toContain('100 Continue');
  socket.write(image.subarray(0, 100));
  child.kill('SIGTERM');

  const ask = async () => {
    const { status, headers } = await fetch(`${url}/health/live`);
    return [status, headers.get('connection')];
  };
  await expect.poll(ask).toEqual([503, 'close']);
  socket.write(image.subarray(100));
  await once(socket, 'close');
  expect(response).toContain('"verdict"');
  const { code, stdout, stderr } = await end;
  expect(code).toBe(0);
  expect(stdout.split(key)).toHaveLength(2);
  expect(stderr).toContain('/v1/models/part/inspect');
  expect(stderr).not.toContain(key.slice(-43));
});
