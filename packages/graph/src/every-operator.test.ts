import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { everyOperatorGraph } from '../testing/every-operator.ts';
import { engine } from '../testing/run-graph.ts';
import { toModel } from './model.ts';

/** Set it to a path to keep the model: `tools/check-onnx.py` checks it with the checker of ONNX itself. */
const { BIGRID_EVERY_OPERATOR: path } = process.env;

test('a model with every operator that the sources emit loads in ONNX Runtime', async () => {
  const graph = everyOperatorGraph();
  const folders = ['./operators/', './gradients/'].map((name) => new URL(name, import.meta.url));
  const sources = folders
    .flatMap((folder) => readdirSync(folder).map((name) => new URL(name, folder)))
    .concat(new URL('./graph.ts', import.meta.url))
    .filter(({ href }) => href.endsWith('.ts') && !href.endsWith('.test.ts'))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  const emitted = sources.matchAll(
    /(?:node|nodeWithOutputs|unary|binary|reduce)\(\s*'([A-Z]\w+)'/g,
  );
  const operators = new Set([...emitted].map(([, name]) => name));
  expect(operators.size).toBeGreaterThan(35);
  expect([...operators].sort()).toEqual(
    [...new Set(graph.nodes.map((node) => node.operator))].sort(),
  );
  const model = toModel(graph);
  if (path) writeFileSync(path, model);
  await (await engine.load(model)).dispose();
});
