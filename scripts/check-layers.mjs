// Fails when an import points up, or when a library is known to more files than it should be. docs/architecture.md
// draws the layers.

import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** Each package may import the packages in its list, and nothing else of ours. */
const below = {
  errors: [],
  graph: ['errors'],
  method: ['errors', 'graph'],
  inspect: ['errors', 'graph', 'method'],
  node: ['errors', 'graph', 'method', 'inspect'],
  cli: ['errors', 'node'],
};

/** Libraries that only the named files may import. */
const confined = [
  { library: /^onnxruntime-/, files: /^node\/src\/engine\/onnx-runtime\.ts$/ },
  { library: /^sharp$/, files: /^node\/src\// },
  { library: /^onnx-proto$/, files: /^graph\/src\// },
  { library: /^echarts/, files: /^node\/src\/report\// },
  { library: /^node:/, files: /^(node|cli)\/src\// },
];

/** Longer files do not fit in one reading. */
const longestFile = 350;

const root = join(import.meta.dirname, '..', 'packages');
const problems = [];
let fileCount = 0;

for (const layer of Object.keys(below)) {
  for (const file of sources(join(root, layer, 'src'))) {
    const name = relative(root, file).split(sep).join('/');
    const text = readFileSync(file, 'utf8');
    fileCount++;
    const lines = text.split('\n').length - 1;
    if (lines > longestFile) problems.push(`${name} has ${lines} lines, more than ${longestFile}`);
    // Tests may use the real engine and each other's helpers.
    if (name.endsWith('.test.ts')) continue;
    for (const [, specifier] of text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)) {
      check(name, layer, specifier);
    }
  }
}

function check(file, layer, specifier) {
  const [, target] = specifier.match(/^@bigrid\/([a-z]+)/) ?? [];
  if (target && !below[layer].includes(target)) {
    problems.push(
      `${file} imports ${specifier}, but ${layer} may import only [${below[layer].join(', ')}]`,
    );
  }
  if (
    specifier.startsWith('.') &&
    specifier.split('/').filter((part) => part === '..').length > file.split('/').length - 3
  ) {
    problems.push(`${file} imports ${specifier} from outside its package's src`);
  }
  for (const { library, files } of confined) {
    if (library.test(specifier) && !files.test(file)) {
      problems.push(`${file} imports ${specifier}, which only ${files.source} may`);
    }
  }
}

function sources(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}

if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}
console.log(`Layers: ${fileCount} files, no import points up.`);
