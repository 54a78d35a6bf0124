import { readFileSync } from 'node:fs';
import { convolution, float32, Graph, relu, toModel, withMetadata } from '@bigrid/graph';
import { describe, expect, it } from 'vitest';
import { formula } from '../../testing/formula.ts';
import { golden } from '../../testing/golden.ts';
import { distance, engine, normals, numbersOf, runGraph } from '../../testing/run-graph.ts';
import { tinyMethod } from '../../testing/tiny.ts';
import { extractor } from '../detector.ts';
import { onnxBackbone } from './onnx.ts';

const foreign = readFileSync(new URL('../goldens/foreign.onnx', import.meta.url));
const activations = golden<Record<string, { shape: number[]; values: number[] }>>('foreign');
const taps = Object.keys(activations);
const small = () => new Graph('backbone').input('image', 'float32', [1, 3, 64, 64]);
const open = (bytes: Uint8Array, wanted: readonly (string | number)[], inputSize = 64) =>
  onnxBackbone(bytes, { engine, name: 'foreign', taps: wanted, inputSize });
const refused = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

/** A model of ours as a backbone of somebody else: two convolutions. */
function ownModel(): Uint8Array {
  const graph = new Graph('own');
  const x = graph.input('x', 'float32', [1, 3, 64, 64]);
  const weight = (name: string, sizes: number[]) =>
    graph.initialiser(name, float32(sizes, normals(sizes, 5, 0.3)));
  const first = relu(
    convolution(x, weight('w0', [4, 3, 3, 3]), undefined, { stride: 4, padding: 1 }),
  );
  graph.output('first', first);
  graph.output('second', convolution(first, weight('w1', [6, 4, 3, 3]), undefined, { padding: 1 }));
  return toModel(graph);
}

describe('a model that others made', () => {
  it('gives at its taps what ONNX Runtime gives without us', async () => {
    const backbone = await open(foreign, taps);
    const image = small();
    const values = backbone.taps(image, taps);
    for (const [at, value] of values.entries()) image.graph.output(`tap${at}`, value);
    const input = float32([1, 3, 64, 64], formula('image', 3 * 64 * 64));
    const outputs = await runGraph(image.graph, { image: input });
    for (const [at, tap] of taps.entries()) {
      const { shape, values: expected } = activations[tap] as (typeof activations)[string];
      expect(values[at]?.shape).toEqual(shape);
      expect(distance(numbersOf(outputs, `tap${at}`), expected), tap).toBeLessThan(1e-4);
    }
  });

  it('tells its normalisation and its licence', async () => {
    expect(await open(foreign, taps)).toMatchObject({
      name: 'foreign',
      licence: 'CC0-1.0',
      mean: [120, 110.5, 100],
      deviation: [60, 61, 62],
      tapCount: 2,
    });
  });

  it('is taken as trained on ImageNet, under an unknown licence, where it says nothing', async () => {
    const backbone = await open(withMetadata(foreign, {}), taps);
    expect(backbone.licence).toBe('unknown');
    expect(backbone.mean.map(Math.round)).toEqual([124, 116, 104]);
  });

  it('is cut after the taps, and every name starts with backbone.', async () => {
    const image = small();
    (await open(foreign, taps)).taps(image, ['/block1/joined']);
    const names = [...image.graph.initialisers.keys()];
    expect(names).toContain('backbone.left.weight');
    expect(names).not.toContain('backbone.down.weight');
    const foreignNodes = image.graph.nodes.filter(({ operator }) => operator !== 'Identity');
    expect(foreignNodes.map(({ output }) => output.name)).toEqual(
      ['stem', 'normed', 'active', 'pooled', 'left', 'left_conv', '/block1/joined'].map(
        (name) => `backbone.${name}`,
      ),
    );
  });

  it('can be tapped by the names of its nodes, and at any size that it takes', async () => {
    const backbone = await open(foreign, ['/block2/Relu'], 96);
    const image = new Graph('backbone').input('image', 'float32', [1, 3, 96, 96]);
    expect(backbone.taps(image, ['/block2/Relu'])[0]?.shape).toEqual([1, 12, 12, 12]);
  });

  it('becomes part of the extractor', async () => {
    const { graph } = extractor(await open(foreign, taps), { ...tinyMethod, taps });
    expect(graph.outputs.get('features')?.shape).toEqual([1, 20, 8, 8]);
    const image = { type: 'uint8', shape: [1, 5, 7, 3], data: new Uint8Array(105) } as const;
    const outputs = await runGraph(graph, { image });
    expect(outputs.features?.data.length).toBe(20 * 64);
  });
});

describe('a model of ours', () => {
  it('is a backbone too', async () => {
    const backbone = await open(ownModel(), ['first', 'second']);
    expect(backbone.taps(small(), ['second', 'first']).map(({ shape }) => shape)).toEqual([
      [1, 6, 16, 16],
      [1, 4, 16, 16],
    ]);
  });
});

describe('a tap', () => {
  it.each([
    ['/block1/joind', '/block1/joined'],
    ['block2', '/block2/active'],
    ['gaet', 'gate'],
    [7, 'two'],
  ])('%s that there is not is refused with names like it', async (tap, likely) => {
    await expect(open(foreign, [tap])).rejects.toThrow(
      refused('OPTION_INVALID', new RegExp(`^Expected names .*${likely}.* but received ${tap}$`)),
    );
  });

  it('that is no image is refused with its shape', async () => {
    await expect(open(foreign, ['means'])).rejects.toThrow(
      refused('OPTION_INVALID', /for tap means but received \[1, 8\]$/),
    );
  });

  it('that the backbone was not opened with is refused', async () => {
    const backbone = await open(foreign, taps);
    expect(() => backbone.taps(small(), ['gated'])).toThrow(
      refused('OPTION_INVALID', /among \/block1\/joined, \/block2\/active/),
    );
  });
});

describe('a model that cannot be taken over is refused', () => {
  it('where it uses operators of others before the taps', async () => {
    await expect(open(foreign, ['logits'])).rejects.toThrow(
      refused(
        'WEIGHTS_INVALID',
        /only ONNX operators up to the taps but received FusedHead of example\.other/,
      ),
    );
  });

  it('where it does not run on images of the size asked for', async () => {
    const graph = new Graph('fixed');
    const x = graph.input('x', 'float32', [1, 3, 64, 64]);
    const bias = graph.initialiser('bias', float32([1, 1, 64, 64], normals([1, 1, 64, 64], 3)));
    graph.output('y', graph.node('Add', [x, bias], {}, 'float32', [1, 3, 64, 64]));
    await expect(open(toModel(graph), ['y'], 96)).rejects.toThrow(
      refused('WEIGHTS_INVALID', /runs on images \[1, 3, 96, 96\] for backbone foreign/),
    );
  });

  it.each(['1,2', 'a,b,c', '', '1,2,Infinity'])('where its mean is %j', async (text) => {
    await expect(open(withMetadata(foreign, { 'bigrid.mean': text }), taps)).rejects.toThrow(
      refused('WEIGHTS_INVALID', /three numbers/),
    );
  });

  it('where its deviation is 0', async () => {
    const bytes = withMetadata(foreign, { 'bigrid.deviation': '1,0,1' });
    await expect(open(bytes, taps)).rejects.toThrow(refused('WEIGHTS_INVALID', /above 0/));
  });

  it('where it is cut short', async () => {
    await expect(open(foreign.subarray(0, 900), taps)).rejects.toThrow(
      refused('WEIGHTS_INVALID', /900 bytes that are not one, or are truncated/),
    );
  });
});
