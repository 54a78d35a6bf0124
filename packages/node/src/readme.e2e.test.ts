import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeSyntheticLine } from './synthetic/line.ts';

const packages = join(import.meta.dirname, '../..');
const work = mkdtempSync(join(tmpdir(), 'bigrid-readme-'));

beforeAll(async () => {
  const few = { goodCount: 8, testGoodCount: 2, defectCount: 1, size: 64 };
  await writeSyntheticLine(join(work, 'part'), few);
  await writeSyntheticLine(join(work, 'path/to/folder'), few);
  await writeSyntheticLine(join(work, 'new-images'), { ...few, goodCount: 0, testGoodCount: 1 });
});
afterAll(() => rmSync(work, { recursive: true }));

/** Runs an example as a user would have it: a module that finds what a package depends on, in a folder with images. */
function run(name: string, example: string): string {
  // In the package, so that the example's imports resolve as in a project of a user.
  const script = join(packages, name, `.readme-example-${process.pid}.mjs`);
  writeFileSync(script, example);
  try {
    return execFileSync(process.execPath, [script], { cwd: work, encoding: 'utf8' });
  } finally {
    rmSync(script);
  }
}

const codeBlock = (file: string, language: string) =>
  readFileSync(file, 'utf8').match(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``))?.[1] ?? '';

test.each(['errors', 'graph', 'method', 'inspect', 'node', 'report', 'server'])(
  'the example of the README of %s runs and prints what it says',
  (name) => {
    const example = codeBlock(join(packages, name, 'README.md'), 'js');
    const promised = [...example.matchAll(/\/\/ prints: (.*)/g)].map(([, line]) => line);
    expect(promised.length).toBeGreaterThan(0);
    expect(run(name, example).trim().split('\n')).toEqual(promised);
  },
);

test('the example of the repository README runs', () => {
  const example = codeBlock(join(packages, '../README.md'), 'ts');
  expect(example).toContain('seed: 1');
  const printed = run('node', example.replace('seed: 1', 'seed: 1, epochs: 1, size: 64'));
  expect(printed.trim().split('\n')).toHaveLength(7);
  for (const line of printed.trim().split('\n')) {
    expect(line).toMatch(/^new-images\/.*\.png \d+(\.\d+)?(e-\d+)? (true|false)$/);
  }
});
