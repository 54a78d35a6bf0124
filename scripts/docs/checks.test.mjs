import { expect, it } from 'vitest';
import { commandLines, refusedCommandLines } from './command-lines.mjs';
import { missingImports } from './examples.mjs';
import { contradictedFacts } from './facts.mjs';
import { brokenLinks } from './links.mjs';
import { filesOf, pageOf, readPage } from './pages.mjs';
import { avoidedWords } from './words.mjs';

const block = (text) => pageOf('docs/page.md', `\`\`\`sh\n${text}\n\`\`\`\n`);

it('finds links, anchors and paths that lead nowhere', () => {
  const text = `# One *title*

[to itself](#one-title), [to nothing](#two), [a page](README.md), [its heading](../README.md#quick-start),
[no page](nowhere.md), [no heading](../README.md#nowhere), [elsewhere](https://example.org/x), ![](images/demo.jpg),
\`packages/cli/src/main.ts\`, \`packages/cli/src/nowhere.ts\`, \`example/nowhere.ts\`
`;
  expect(brokenLinks(pageOf('docs/page.md', text))).toEqual([
    'docs/page.md: #two: docs/page.md has no such heading',
    'docs/page.md: nowhere.md: there is no docs/nowhere.md',
    'docs/page.md: ../README.md#nowhere: README.md has no such heading',
    'docs/page.md: `packages/cli/src/nowhere.ts`: there is no such file',
  ]);
});

it('finds the command lines in code blocks', () => {
  const text = `find . -print0 | npx bigrid inspect part.onnx - --format csv > all.csv
$ bigrid train 'my parts' --out part.onnx   # with a comment
bigrid train parts \\
  --out part.onnx
bigrid inspect ...
other --bigrid x`;
  expect(commandLines(block(text))).toEqual([
    ['inspect', 'part.onnx', '-', '--format', 'csv'],
    ['train', 'my parts', '--out', 'part.onnx'],
    ['train', 'parts', '--out', 'part.onnx'],
  ]);
});

it('refuses what the program refuses, and runs nothing', async () => {
  const refused = await refusedCommandLines(
    block(`bigrid demo --data parts
bigrid train parts --out part.onnx --seed 7
bigrid train parts
bigrid train parts --out part.onnx --seed many
bigrid inspect part.onnx new --nowhere
bigrid learn parts`),
  );
  expect(refused.map((line) => line.replace(/^docs\/page.md: bigrid /, ''))).toEqual([
    expect.stringContaining("train parts: error: required option '--out <file>' not specified"),
    expect.stringContaining('train parts --out part.onnx --seed many: Expected'),
    expect.stringContaining("inspect part.onnx new --nowhere: error: unknown option '--nowhere'"),
    expect.stringContaining("learn parts: error: unknown command 'learn'"),
  ]);
});

it('refuses mentions of commands and options that there are not, and lets others be incomplete', async () => {
  const text =
    '`bigrid train --tile auto`, `bigrid train --replay N`, `bigrid train --nowhere`, `bigrid learn`';
  const refused = await refusedCommandLines(pageOf('docs/page.md', text));
  expect(refused).toEqual([
    "docs/page.md: bigrid train --nowhere: unknown option '--nowhere'",
    "docs/page.md: bigrid learn: unknown command 'learn'",
  ]);
});

it('finds versions, scripts, error codes, tensors and sizes that the code contradicts', async () => {
  const pages = filesOf('*.md', 'docs/**/*.md').map(readPage);
  expect(await contradictedFacts(pages)).toEqual([]);
  const wrong = pages.map(({ path, text }) =>
    pageOf(
      path,
      text
        .replace('Node.js 22.13 or newer', 'Node.js 18 or newer')
        .replace('npm run demo', 'npm run show')
        .replace('`DATA_NO_GOOD`', '`DATA_NOT_GOOD`')
        .replace('`fusion.weight`', '`fusion.share`')
        .replace('| `score` | float32', '| `scores` | float32')
        .replace('| 7.1 MB |', '| 3.8 MB |'),
    ),
  );
  const found = await contradictedFacts(wrong);
  const page = 'docs/reference/model-file.md';
  expect(found).toContain('README.md: "Node.js 18 or newer": package.json says 22.13');
  expect(found).toContain(
    `${page}: outputs: anomaly_map, scores: the model has anomaly_map, score`,
  );
  expect(found).toContain('README.md: package.json has no script show');
  expect(found).toContain('docs/reference/layouts.md: there is no error DATA_NOT_GOOD');
  expect(found).toContain(`${page}: no row names the tensor fusion.weight`);
  expect(found).toContain(`${page}: no model has a tensor fusion.share`);
  expect(found.at(-1)).toMatch(/^docs\/how-to\/smaller-models.md: .*: 3.8 MB, but it is 7.1 MB$/);
});

it('finds words to avoid in pages, except in generated parts, and in sources', () => {
  const text = 'A picture\n<!-- generated:x -->\nset anew\n<!-- /generated -->\nset anew\n';
  expect(avoidedWords(pageOf('docs/page.md', text))).toEqual([
    'docs/page.md:1: "picture": write image instead',
    'docs/page.md:5: "anew": write again; recalibrate instead',
  ]);
  expect(avoidedWords({ path: 'packages/x/src/x.ts', text: "'a picture' // anew" })).toEqual([
    'packages/x/src/x.ts:1: "picture": write image instead',
    'packages/x/src/x.ts:1: "anew": write again; recalibrate instead',
  ]);
});

it('finds imports of what our packages do not export', async () => {
  const text =
    "import { inspect, nowhere, type Verdict } from '@bigrid/node';\nimport { x } from 'y';";
  const page = (lang) => pageOf('docs/page.md', `\`\`\`${lang}\n${text}\n\`\`\`\n`);
  expect(await missingImports(page('ts'))).toEqual([
    'docs/page.md: @bigrid/node exports no nowhere',
  ]);
  expect(await missingImports(page('text'))).toEqual([]);
});
