import { expect, test } from 'vitest';
import { bigrid, ended, start, useTemporaryFolder, write } from '../../testing/command-line.ts';

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

/** Where nothing answers. */
const environment = {
  AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'key-id',
  AWS_SECRET_ACCESS_KEY: 'secret-key',
};
/** As if the AWS SDK was not installed. */
const withoutSdk = `import { registerHooks } from 'node:module';
registerHooks({
  resolve(specifier, context, next) {
    if (specifier.startsWith('@aws-sdk')) {
      throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
    }
    return next(specifier, context);
  },
});`;
const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(withoutSdk)}`;

test.each([
  ['no bucket', 'S3_UNAVAILABLE', 69, ['--store', 's3://parts'], {}],
  ['the address of something else', 'OPTION_INVALID', 64, ['--store', 'http://:secret-key@x'], {}],
  ['a store without the SDK', 'S3_MISSING', 69, ['--store', 's3://parts'], { NODE_OPTIONS }],
  ['neither a store nor the SDK', 'QUEUE_UNAVAILABLE', 69, [], { NODE_OPTIONS }],
] as const)('%s is %s', async (_, code, exitCode, flags, env) => {
  await write(at('data', 'queue-id'), '0');
  const words = ['worker', '--data', at('data'), '--queue', 'redis://127.0.0.1:1', ...flags];
  const { code: exit, stderr } = await ended(start(words, { ...environment, ...env }));
  expect(exit).toBe(exitCode);
  expect(stderr).toContain(`error ${code}: `);
  expect(stderr).not.toContain('secret-key');
});

test('a store without a queue is OPTION_INVALID', async () => {
  const words = ['serve', '--data', at('data'), '--store', 's3://parts', '--port', '0'];
  const { code, stderr } = await bigrid(...words);
  expect(code).toBe(64);
  expect(stderr).toContain('Expected --queue with --store but received none');
});
