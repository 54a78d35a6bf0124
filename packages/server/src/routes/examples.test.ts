import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, realpath, symlink, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { imageBytes, json, useServer } from '../../testing/server.ts';
import { examplesFor } from '../services/examples.ts';

vi.setConfig({ testTimeout: 120_000 });

/** A Python with the packages of tools/requirements-parity.txt. */
const { BIGRID_PYTHON: python } = process.env;
if (!python) console.log('The example in Python is not run: BIGRID_PYTHON names no interpreter.');
/** A folder that tools/languages/prepare.sh made. */
const { BIGRID_LANGUAGES: languages } = process.env;
if (!languages) console.log('C# and C++ are not run: BIGRID_LANGUAGES names no folder.');

const used = useServer();
const modules = fileURLToPath(new URL('../../../../node_modules', import.meta.url));
const path = '/v1/models/part/versions/1';

interface Example {
  readonly language: string;
  readonly title: string;
  readonly code: string;
}
const examples = async (): Promise<Example[]> =>
  (await json(used.server, 'GET', `${path}/examples`)).body;

beforeAll(async () => {
  await mkdir(used.at('copied'));
  await symlink(modules, used.at('copied', 'node_modules'));
  await writeFile(used.at('copied', 'image.png'), await imageBytes(3, true));
});

async function run(program: string, ...parameters: string[]): Promise<string> {
  const PATH = [join(modules, '.bin'), process.env.PATH].join(delimiter);
  const options = { cwd: used.at('copied'), env: { ...process.env, PATH } };
  return (await promisify(execFile)(program, parameters, options)).stdout;
}

/** What runs the examples of each language; nothing where a language is missing on this machine. */
const programs: Record<string, string | undefined> = {
  python,
  javascript: process.execPath,
  shell: 'sh',
  csharp: languages && join(languages, 'csharp'),
};

/** Runs an example from a file. @returns what it prints first. */
async function scoreOf({ language, code }: Example): Promise<number> {
  const file = `example.${language === 'javascript' ? 'mjs' : language}`;
  await writeFile(used.at('copied', file), code);
  const printed = await run(programs[language] as string, file);
  return language === 'shell' ? JSON.parse(printed).score : Number(printed.split(' ')[0]);
}

describe('the examples of a version', () => {
  // What follows needs the model file that the first one downloads.
  it('give the same score, before and after its rule is changed', async () => {
    for (const rule of [undefined, 'max-fpr:0.4']) {
      if (rule) await json(used.server, 'PUT', `${path}/settings`, { threshold: rule });
      const all = await examples();
      const titles = all.map(({ title }) => title.split(',')[0]);
      expect(titles).toEqual(['Command line', 'HTTP', 'JavaScript', 'Python', 'C#']);
      const [expected] = [await scoreOf(all[0] as Example)];
      expect(expected).toBeGreaterThan(0);
      for (const example of all.slice(1)) {
        if (!programs[example.language]) continue;
        expect((await scoreOf(example)) / expected, example.title).toBeCloseTo(1, 4);
      }
      expect(all[0]?.code.includes('--threshold max-fpr:0.4')).toBe(rule !== undefined);
      expect(all[4]?.code.includes('as set on the server')).toBe(rule !== undefined);
    }
  });

  it('is refused for a version that does not exist', async () => {
    const { status, body } = await json(used.server, 'GET', '/v1/models/part/versions/9/examples');
    expect([status, body.code]).toEqual([404, 'NOT_FOUND']);
  });
});

it('quotes rules for the shell, and sends a key where one is needed', () => {
  const [first, second] = examplesFor({
    ...{ model: 'part', version: 2, url: 'https://line.example', needsKey: true },
    ...{ rules: { threshold: "a'b" }, threshold: 1 },
  });
  expect(first?.code).toContain(`--threshold 'a'\\''b'`);
  for (const example of [first, second]) {
    expect(example?.code).toContain('-H "Authorization: Bearer KEY"');
  }
});

const documentation = (): Promise<string> =>
  readFile(new URL('../../../../docs/how-to/deploy.md', import.meta.url), 'utf8');

it('are what the documentation shows', async () => {
  const page = await documentation();
  const shown = examplesFor({
    ...{ model: 'part', version: 1, url: '', needsKey: false },
    ...{ rules: {}, threshold: 0 },
  });
  for (const language of ['python', 'csharp']) {
    const { code = '' } = shown.find((example) => example.language === language) ?? {};
    const program = code
      .replace(/^(\/\/|#) .*\n((\/\/|#) .*\n)*/, '')
      .replaceAll('part-1.onnx', 'part.onnx')
      .replaceAll('image.png', 'part.png');
    expect(page).toContain(`\`\`\`${language}\n${program}\n\`\`\``);
  }
});

it.skipIf(!languages)('in C++, as documented, give the same score', async () => {
  const all = await examples();
  const expected = await scoreOf(all[0] as Example);
  const [, code = ''] = /```cpp\n(.*?)```/s.exec(await documentation()) ?? [];
  const include = code.slice(0, code.indexOf('\n'));
  const { data, info } = await sharp(used.at('copied', 'image.png'))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  await writeFile(used.at('copied', 'image.rgb'), data);
  await copyFile(used.at('copied', 'part-1.onnx'), used.at('copied', 'part.onnx'));
  await writeFile(
    used.at('copied', 'example.cpp'),
    `${include}
    #include <fstream>
    #include <iostream>
    #include <iterator>
    #include <vector>
    int main() {
      const int64_t height = ${info.height}, width = ${info.width};
      std::ifstream file("image.rgb", std::ios::binary);
      std::vector<uint8_t> rgb{std::istreambuf_iterator<char>(file), {}};
      ${code.slice(include.length)}
      std::cout << score << std::endl;
    }`,
  );
  const library = await realpath(join(languages as string, 'libraries', 'libonnxruntime.so'));
  const flags = ['-std=c++17', '-I', join(languages as string, 'include')];
  await run(
    'g++',
    ...flags,
    'example.cpp',
    library,
    `-Wl,-rpath,${dirname(library)}`,
    '-o',
    'example',
  );
  const score = Number(await run('./example'));
  expect(score / expected).toBeCloseTo(1, 4);
});
