// Compares versions, scripts, error codes, tensors and sizes in the pages with the code.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorRegistry } from '@bigrid/errors';
import { toModel } from '@bigrid/graph';
import { withWeightsIn } from '@bigrid/inspect';
import { profiles } from '@bigrid/method';
import { root } from './pages.mjs';
import { untrainedModel } from './untrained-model.mjs';

/** @returns problems: one per sentence that the code contradicts */
export async function contradictedFacts(pages) {
  const page = (path) => pages.find((one) => one.path === path);
  const { fast, paper } = profiles;
  const standard = untrainedModel(fast.method, 1);
  const published = untrainedModel({ ...fast.method, ...gridsOf(paper.method) }, 2);
  const free = untrainedModel(fast.method, 1, true);
  return [
    ...wrongNodeVersions(pages),
    ...unknownScripts(pages),
    ...unknownErrors(pages),
    ...wrongTensors(page('docs/reference/model-file.md'), [standard, published, free]),
    ...wrongSizes(pages, standard),
  ];
}

/** The grids of a profile. */
const gridsOf = (method) =>
  Object.fromEntries(Object.entries(method).filter(([name]) => /grids?$/i.test(name)));

const { engines, scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

function wrongNodeVersions(pages) {
  const needed = engines.node.replace('>=', '');
  return pages.flatMap(({ path, text }) =>
    [...text.matchAll(/Node\.js (\d+(?:\.\d+)*) or newer/g)]
      .filter(([, version]) => version !== needed)
      .map(([said]) => `${path}: "${said}": package.json says ${needed}`),
  );
}

function unknownScripts(pages) {
  return pages.flatMap(({ path, text }) =>
    [...text.matchAll(/npm run (?:--?\w+ )*([\w:-]+)/g)]
      .filter(([, name]) => !(name in scripts))
      .map(([, name]) => `${path}: package.json has no script ${name}`),
  );
}

/** Environment variables are in capitals too. */
const notErrors = /^(AWS|BIGRID|ORT|ONNXRUNTIME)_/;

/** Error codes that are not in the registry; the changelog may name former ones. */
function unknownErrors(pages) {
  return pages
    .filter(({ path }) => path !== 'CHANGELOG.md')
    .flatMap(({ path, tokens }) =>
      tokens
        .filter(({ type, text }) => type === 'codespan' && /^[A-Z][A-Z\d]*(_[A-Z]+)+$/.test(text))
        .filter(({ text }) => !(text in errorRegistry) && !notErrors.test(text))
        .map(({ text }) => `${path}: there is no error ${text}`),
    );
}

/** Inputs, outputs and named tensors on the page about the model file: all that exist, and no others. */
function wrongTensors({ path, tokens }, graphs) {
  const tables = tokens.filter(({ type }) => type === 'table');
  const rows = tables.flatMap(({ rows }) => rows.map((cells) => cells.map(({ text }) => text)));
  const codes = (text) => [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code);
  const ports = (kind) =>
    rows.filter(([first]) => first === kind).flatMap(([, name]) => codes(name));
  const named = rows.filter(([first]) => first.startsWith('`')).flatMap(([first]) => codes(first));
  const [standard] = graphs;
  const isAt = (pattern) => (name) =>
    pattern.endsWith('.*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
  const tensors = new Set(graphs.flatMap(({ initialisers }) => [...initialisers.keys()]));
  // Constants of the graph have no stable names.
  const stored = [...tensors].filter((name) => /^[a-z]+\./.test(name));
  return [
    ...difference(`${path}: inputs`, ports('input'), [...standard.inputs].map(nameOf)),
    ...difference(`${path}: outputs`, ports('output'), [...standard.outputs].map(nameOf)),
    ...stored
      .filter((name) => !named.some((pattern) => isAt(pattern)(name)))
      .map((name) => `${path}: no row names the tensor ${name}`),
    ...named
      .filter((pattern) => !stored.some(isAt(pattern)))
      .map((pattern) => `${path}: no model has a tensor ${pattern}`),
  ];
}

const nameOf = (port) => port.name ?? port[0];

function difference(what, said, actual) {
  if (said.toSorted().join() === actual.toSorted().join()) return [];
  return [`${what}: ${said.join(', ')}: the model has ${actual.join(', ')}`];
}

/** Sizes of the default model, as trained and with smaller weights, wherever they are stated. */
function wrongSizes(pages, graph) {
  const trained = { bytes: toModel(graph) };
  const megabytes = ({ bytes }) => (bytes.length / 1e6).toFixed(1);
  const asTrained = megabytes(trained);
  const float16 = megabytes(withWeightsIn(trained, 'float16'));
  const int8 = megabytes(withWeightsIn(trained, 'int8'));
  const claims = [
    ['README.md', /\| ([\d.]+) MB \| \d+ images\/s/, asTrained],
    ['docs/how-to/smaller-models.md', /^\| as trained \|.*\| ([\d.]+) MB/m, asTrained],
    ['docs/how-to/smaller-models.md', /^\| `--float16` \|.*\| ([\d.]+) MB/m, float16],
    ['docs/how-to/smaller-models.md', /^\| `--int8` \|.*\| ([\d.]+) MB/m, int8],
    ['CHANGELOG.md', /larger: ([\d.]+) MB for the default/, asTrained],
  ];
  return claims.flatMap(([path, pattern, expected]) => {
    const said = pages.find((page) => page.path === path)?.text.match(pattern)?.[1];
    return said === expected ? [] : [`${path}: ${pattern}: ${said} MB, but it is ${expected} MB`];
  });
}
