import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test('the example of the README runs and prints what it says', () => {
  const folder = fileURLToPath(new URL('..', import.meta.url));
  const readme = readFileSync(`${folder}/README.md`, 'utf8');
  const code = /```js\n(?<code>[\s\S]*?)```/.exec(readme)?.groups?.code ?? '';
  const promised = /\/\/ prints: (?<line>.*)/.exec(code)?.groups?.line;
  const options = ['--input-type=module', '--no-warnings', '--eval', code];
  const printed = execFileSync(process.execPath, options, { cwd: folder, encoding: 'utf8' });
  expect(printed.trim()).toBe(promised);
});
