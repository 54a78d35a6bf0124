import { expect, test } from 'vitest';
import { bigrid, useTemporaryFolder, write } from '../../testing/command-line.ts';

const at = useTemporaryFolder();

test.each([
  ['a folder that is missing', 'PATH_MISSING', 66, () => at('missing'), 'redis://127.0.0.1:1'],
  ['a folder of no server', 'PATH_MISSING', 66, () => at(), 'redis://127.0.0.1:1'],
  ['an address of something else', 'OPTION_INVALID', 64, () => at('data'), 'http://:key@queue'],
  ['no Redis', 'QUEUE_UNAVAILABLE', 69, () => at('data'), 'redis://:key@127.0.0.1:1'],
] as const)('%s is %s', async (_, code, exitCode, data, queue) => {
  await write(at('data', 'queue-id'), '0');
  const ended = await bigrid('worker', '--data', data(), '--queue', queue);
  expect([ended.code, ended.stdout]).toEqual([exitCode, '']);
  expect(ended.stderr).toContain(`error ${code}: `);
  expect(ended.stderr).not.toContain(':key@');
});

test('the address of Redis is needed', async () => {
  const { code, stderr } = await bigrid('worker', '--data', at());
  expect(code).toBe(64);
  expect(stderr).toContain("required option '--queue <address>' not specified");
});
