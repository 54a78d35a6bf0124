// Compares DINOv2's patch tokens with timm's, on what tools/parity/dinov2.py left in a folder:
//
//     node tools/parity/dinov2.mjs WEIGHTS.safetensors FOLDER
//
// Prints the largest difference of any number behind each block, with timm's matrices in half precision, as we store them,
// and in single precision, and the deviation of the tokens. Exits with 1 if the former is above 1e-4.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Graph, toModel } from '@bigrid/graph';
import { dinov2, readSafetensors } from '@bigrid/method';
import { onnxRuntimeEngine } from '@bigrid/node';

const LIMIT = 1e-4;
const [weights, folder] = process.argv.slice(2);
if (!weights || !folder) throw new Error('Expected a file of weights and a folder');
const load = (path) => readSafetensors(readFileSync(path));
const backbone = dinov2(load(weights));
const engine = onnxRuntimeEngine({ threads: 1 });
const rows = [];

for (const file of readdirSync(folder).filter((name) => name.endsWith('.safetensors'))) {
  const expected = load(join(folder, file));
  const image = expected.get('image');
  const blocks = [...expected.keys()]
    .filter((name) => name.startsWith('half/'))
    .map((name) => Number(name.slice('half/'.length)))
    .sort((a, b) => a - b);
  const graph = new Graph('parity');
  const input = graph.input('image', 'float32', image.shape);
  for (const [at, tokens] of backbone.taps(input, blocks).entries()) {
    graph.output(`block ${blocks[at]}`, tokens);
  }
  const session = await engine.load(toModel(graph));
  const outputs = await session.run({ image });
  await session.dispose();
  for (const block of blocks) {
    const { data } = outputs[`block ${block}`];
    const [half, full] = ['half', 'full'].map((kind) => expected.get(`${kind}/${block}`).data);
    rows.push({
      pixels: image.shape[2],
      block: block + 1,
      deviation: deviationOf(half),
      'in half precision': furthest(data, half),
      'in single precision': furthest(data, full),
    });
  }
}
console.table(rows);
process.exitCode = rows.every((row) => row['in half precision'] <= LIMIT) ? 0 : 1;

function furthest(actual, expected) {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  return actual.reduce((most, value, at) => Math.max(most, Math.abs(value - expected[at])), 0);
}

function deviationOf(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
