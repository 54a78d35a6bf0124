import { delimiter, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { useTemporaryFolder, write } from '../testing/command-line.ts';
import { ownCommand } from './own-command.ts';

const at = useTemporaryFolder();

test('the printed command works where it is printed', async () => {
  await write(at('project', 'node_modules', '.bin', 'bigrid'), '');
  await write(at('project', 'deep', 'down', 'file'), '');
  await write(at('global', 'bin', 'bigrid'), '');
  await write(at('cache', 'node_modules', '.bin', 'bigrid'), '');
  // The temporary folder may lie in this very project.
  const elsewhere = resolve('/elsewhere');
  const [global, cache] = [at('global', 'bin'), at('cache', 'node_modules', '.bin')];
  const projectOnPath = at('project', 'node_modules', '.bin');
  // In a project that depends on it, also in subfolders and while npm runs it.
  expect(ownCommand(at('project'), '/usr/bin')).toBe('npx bigrid');
  expect(ownCommand(at('project', 'deep', 'down'), projectOnPath)).toBe('npx bigrid');
  // Installed globally.
  expect(ownCommand(elsewhere, ['/usr/bin', global].join(delimiter))).toBe('bigrid');
  // Fetched for one call: the shell will not find it later.
  expect(ownCommand(elsewhere, [cache, '/usr/bin'].join(delimiter))).toBe('npx bigrid');
  expect(ownCommand(elsewhere, [`${cache}/`, '', '/usr/bin'].join(delimiter))).toBe('npx bigrid');
  expect(ownCommand(elsewhere, '')).toBe('npx bigrid');
  expect(ownCommand(elsewhere, [cache, global].join(delimiter))).toBe('bigrid');
});
