import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { everyOperatorGraph } from '../testing/every-operator.ts';
import { engine } from '../testing/run-graph.ts';
import { toModel } from './model.ts';

/** Set it to a path to keep the model: `tools/check-onnx.py` checks it with the checker of ONNX itself. */
const { BIGRID_EVERY_OPERATOR: path } = process.env;

test('a model with every operator that the sources emit loads in ONNX Runtime', async () => {
  const graph = everyOperatorGraph();
  const folder = new URL('./operators/', import.meta.url);
  const sources = readdirSync(folder)
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => readFileSync(new URL(name, folder), 'utf8'))
    .join('\n');
  const emitted = sources.matchAll(/(?:node|nodeWithBody|unary|binary|reduce)\(\s*'([A-Z]\w+)'/g);
  const operators = new Set([...emitted].map(([, name]) => name));
  expect(operators.size).toBeGreaterThan(35);
  expect([...operators].sort()).toEqual(
    [...new Set(graph.nodes.map((node) => node.operator))].sort(),
  );
  const model = toModel(graph);
  if (path) writeFileSync(path, model);
  await (await engine.load(model)).dispose();
});
