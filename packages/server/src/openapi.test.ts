import { execFile } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import createClient from 'openapi-fetch';
import openapiTypescript, { astToString } from 'openapi-typescript';
import { expect, it } from 'vitest';
import { imageBytes, useServer } from '../testing/server.ts';

const used = useServer();
const root = fileURLToPath(new URL('../../..', import.meta.url));

// biome-ignore lint/suspicious/noExplicitAny: the description of an API has any shape
type Fields = Record<string, any>;
const description = async () =>
  (await (await used.server.send('GET', '/openapi.json')).json()) as Fields;

it('describes every route: what it is for, and its errors', async () => {
  const { openapi, paths } = await description();
  expect(openapi).toMatch(/^3\.1\./);
  const lacking = Object.entries(paths as Fields).flatMap(([path, methods]) =>
    Object.entries(methods as Fields)
      .filter(([, { summary, tags }]) => !summary || !tags)
      .map(([method]) => `${method} ${path}`),
  );
  expect(lacking).toEqual([]);
  expect(Object.keys(paths)).toContain('/v1/models/{name}/inspect');
});

it('gives types to a client of TypeScript, which works', async () => {
  const folder = used.at('client');
  await mkdir(folder);
  const types = await openapiTypescript(JSON.stringify(await description()));
  await writeFile(join(folder, 'api.d.ts'), astToString(types));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  const program = `import createClient from 'openapi-fetch';
import type { paths } from './api.d.ts';

const client = createClient<paths>({ baseUrl: 'http://localhost:8000' });
const { data, error } = await client.GET('/v1/models/{name}', { params: { path: { name: 'part' } } });
const active: number | undefined = data?.find(({ isActive }) => isActive)?.version;
const code: string | undefined = error?.code;
const inspected = await client.POST('/v1/models/{name}/inspect', {
  params: { path: { name: 'part' } },
  body: new Blob([]) as never,
});
const isAnomalous: boolean | undefined = inspected.data?.isAnomalous;
console.log(active, code, isAnomalous);
`;
  await writeFile(join(folder, 'client.mts'), program);
  const tsc = join(root, 'node_modules', '@typescript', 'native', 'bin', 'tsc');
  // The folder may be one of this repository, whose configuration does not apply.
  const flags =
    '--ignoreConfig --noEmit --strict --module nodenext --target es2022 --allowImportingTsExtensions --skipLibCheck';
  const args = [tsc, ...flags.split(' '), '--types', 'node', 'client.mts'];
  await promisify(execFile)(process.execPath, args, { cwd: folder }).catch((error: Fields) => {
    expect.fail(error.stdout);
  });

  const client = createClient<Fields>({ baseUrl: used.server.url });
  const { data } = (await client.POST('/v1/models/{name}/inspect', {
    params: { path: { name: 'part' } },
    body: new Uint8Array(await imageBytes(50, true)),
    bodySerializer: (bytes: unknown) => bytes,
    headers: { 'content-type': 'image/png' },
  } as never)) as Fields;
  expect(data).toMatchObject({ model: 'part', verdict: 'anomalous' });
});
