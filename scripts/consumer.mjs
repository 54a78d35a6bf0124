// What users of the published packages have: every package packed, and a folder that depends only on the packed files and
// on nothing else in this repository.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

export const root = join(import.meta.dirname, '..');

/** Runs a command and returns its standard output. */
export function run(command, args, cwd) {
  // npm passes its own settings on in the environment; programs started here must not see them.
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('npm_'));
  const env = Object.fromEntries(kept);
  // Run everything with the current Node.js.
  env.PATH = `${dirname(process.execPath)}${delimiter}${env.PATH}`;
  return execFileSync(command, args, { cwd, env, encoding: 'utf8', maxBuffer: 2 ** 28 });
}

/** Packs every package into a new temporary folder. `remove` takes it away. */
export function makeConsumer(devDependencies = {}) {
  const temporary = mkdtempSync(join(tmpdir(), 'bigrid-'));
  const folder = join(temporary, 'consumer');
  const tarballs = join(folder, 'tarballs');
  mkdirSync(tarballs, { recursive: true });
  const packing = ['pack', '--workspaces', '--json', '--silent', '--pack-destination', tarballs];
  const answer = JSON.parse(run('npm', packing, root));
  // npm up to version 11 returns a list, later versions an object by name.
  const packages = Object.values(answer);
  const dependencies = Object.fromEntries(
    packages.map(({ name, filename }) => [name, `file:tarballs/${filename}`]),
  );
  const manifest = { name: 'consumer', version: '1.0.0', private: true, type: 'module' };
  const content = JSON.stringify({ ...manifest, dependencies, devDependencies });
  writeFileSync(join(folder, 'package.json'), content);
  return {
    folder,
    packages: packages.map((packed) => ({ ...packed, tarball: join(tarballs, packed.filename) })),
    remove: () => rmSync(temporary, { recursive: true, force: true }),
  };
}

/** The first example of that language in a page. */
export function exampleOf(page, language) {
  const text = readFileSync(join(root, page), 'utf8');
  return text.match(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``))?.[1] ?? '';
}
