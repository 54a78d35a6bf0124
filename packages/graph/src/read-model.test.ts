import { isBigridError } from '@bigrid/errors';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exampleGraph } from '../testing/example-graph.ts';
import { initialiserField, type StatedTensor } from '../testing/foreign-model.ts';
import { engine, numbersOf } from '../testing/run-graph.ts';
import { toModel } from './model.ts';
import { dataTypes, GRAPH, MODEL } from './onnx-format.ts';
import { type ReadModel, readModel, withElements, withMetadata } from './read-model.ts';
import { bytesOf, type Tensor, zeros } from './tensor.ts';
import { bytesField, bytesIn, fieldsOf, join } from './wire-format.ts';

const model = toModel(exampleGraph(), { metadata: { manifest: '{"é":1}', empty: '' } });

/** The fields of a message but those of one number. */
function without(message: Uint8Array, number: number): Uint8Array[] {
  const kept = [...fieldsOf(message)].filter((field) => field.number !== number);
  return kept.map(({ encoded }) => encoded);
}

/** The example with other fields in its graph. */
function withGraph(change: (graph: Uint8Array) => Uint8Array[]): Uint8Array {
  const graph = [...fieldsOf(model)].find(({ number }) => number === MODEL.graph);
  if (!graph) throw new Error('Expected a graph but received none');
  return join([...without(model, MODEL.graph), ...bytesField(MODEL.graph, change(bytesIn(graph)))]);
}

function withInitialisers(...tensors: StatedTensor[]): Uint8Array {
  return withGraph((graph) => [
    ...without(graph, GRAPH.initialiser),
    ...tensors.flatMap(initialiserField),
  ]);
}

/** What reading gives: the model, or the code of the error; any other error is thrown. */
function outcome(bytes: Uint8Array): ReadModel | string {
  try {
    return readModel(bytes);
  } catch (error) {
    if (isBigridError(error)) return error.code;
    throw error;
  }
}

describe('reading back what was written', () => {
  test('metadata, producer and used initialisers', () => {
    const read = readModel(model);
    expect(read.producerName).toBe('bigrid');
    expect([...read.metadata]).toEqual([
      ['manifest', '{"é":1}'],
      ['empty', ''],
    ]);
    const written = exampleGraph().initialisers;
    for (const name of ['weight', 'scale', 'counts']) {
      expect(read.initialisers.get(name)).toEqual(written.get(name));
    }
    expect(read.initialisers.has('unused')).toBe(false);
  });

  test('tensors own their memory', () => {
    const bytes = model.slice();
    const { initialisers } = readModel(bytes);
    bytes.fill(0);
    expect([...(initialisers.get('scale')?.data ?? [])]).toEqual([0.5]);
  });
});

describe('withMetadata', () => {
  test('gives the bytes that writing with that metadata gives', () => {
    const metadata = { other: 'text', second: '2' };
    expect(withMetadata(model, metadata)).toEqual(toModel(exampleGraph(), { metadata }));
    expect(withMetadata(model, {})).toEqual(toModel(exampleGraph()));
  });

  test('keeps the weights, and the model runs as before', async () => {
    const changed = withMetadata(model, { only: 'this' });
    expect(readModel(changed).initialisers).toEqual(readModel(model).initialisers);
    expect([...readModel(changed).metadata]).toEqual([['only', 'this']]);
    const image = zeros('float32', [1, 2, 4, 4]);
    image.data.fill(1);
    const session = await engine.load(changed);
    expect(numbersOf(await session.run({ image }), 'score')).toEqual([18]);
    await session.dispose();
  });
});

describe('a file that is damaged or lies is refused', () => {
  const type = dataTypes.float32;
  const four = new Uint8Array(4);

  test.each([
    ['nothing', new Uint8Array()],
    ['another kind of file', new TextEncoder().encode('<html><body>404</body></html>')],
    ['a PNG', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)],
    ['no graph', join(without(model, MODEL.graph))],
    ['a graph without nodes', withGraph((graph) => without(graph, GRAPH.node))],
    ['no operator sets', join(without(model, MODEL.operatorSets))],
    ['two graphs', new Uint8Array([...model, ...model])],
    [
      'more elements than bytes',
      withInitialisers({ name: 'w', type, shape: [2 ** 40], data: four }),
    ],
    [
      'sizes whose product overflows',
      withInitialisers({ name: 'w', type, shape: Array(8).fill(2 ** 52), data: four }),
    ],
    ['a negative size', withInitialisers({ name: 'w', type, shape: [-1], data: four })],
    ['two negative sizes', withInitialisers({ name: 'w', type, shape: [-1, -1], data: four })],
    ['no bytes at all', withInitialisers({ name: 'w', type, shape: [1] })],
    ['more bytes than elements', withInitialisers({ name: 'w', type, shape: [0], data: four })],
    [
      'an unknown element type',
      withInitialisers({ name: 'w', type: 11, shape: [1], data: new Uint8Array(8) }),
    ],
    [
      'too many axes',
      withInitialisers({ name: 'w', type, shape: Array(1000).fill(1), data: four }),
    ],
    [
      'weights in another file',
      withInitialisers({
        name: 'w',
        type,
        shape: [1],
        external: '/etc/passwd',
      }),
    ],
    ['text that is not UTF-8', new Uint8Array([...model, 0x72, 4, 0x0a, 2, 0xff, 0xff])],
    ['a length beyond the end', new Uint8Array([...model, 0x72, 0xff, 0xff, 0xff, 0xff, 0x0f])],
    ['a number without an end', new Uint8Array([...model, ...Array(20).fill(0xff)])],
    ['field number zero', new Uint8Array([...model, 0, 0])],
  ])('%s', (_, bytes) => {
    expect(outcome(bytes)).toBe('BUNDLE_INVALID');
  });

  test('one name for two initialisers', () => {
    const twice = { name: 'w', type, shape: [1], data: four };
    expect(outcome(withInitialisers(twice, twice))).toBe('BUNDLE_INVALID');
  });

  test('the message names the initialiser, the stated shape and the bytes there', () => {
    const bytes = withInitialisers({ name: 'w', type, shape: [3, 5], data: four });
    expect(() => readModel(bytes)).toThrow(
      /received 4 bytes, shape \[3, 5\] and type float32 for initialiser w/,
    );
  });

  test('withMetadata refuses it too', () => {
    expect(() => withMetadata(model.subarray(0, 100), {})).toThrow(/100 bytes that are not one/);
  });
});

describe('whatever the bytes, reading ends in a model or in BUNDLE_INVALID', () => {
  test('cut short anywhere: nothing but whole entries of metadata can go unnoticed', () => {
    const whole = readModel(model);
    for (let length = 0; length < model.length; length++) {
      const read = outcome(model.subarray(0, length));
      if (read === 'BUNDLE_INVALID') continue;
      expect(read).toMatchObject({ initialisers: whole.initialisers });
      expect((read as ReadModel).metadata.size).toBeLessThan(whole.metadata.size);
    }
  });

  test('random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(outcome(bytes)).toBe('BUNDLE_INVALID');
      }),
      { numRuns: 500 },
    );
  });

  test('flipped and replaced bytes', () => {
    const edit = fc.tuple(fc.nat(model.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), (edits) => {
        const bytes = model.slice();
        for (const [at, byte] of edits) bytes[at] = byte;
        const read = outcome(bytes);
        if (typeof read === 'string') {
          expect(read).toBe('BUNDLE_INVALID');
          return;
        }
        const size = [...read.initialisers.values()].reduce(
          (sum, { data }) => sum + data.byteLength,
          0,
        );
        expect(size).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 2000 },
    );
  });

  test('a file of a million empty nodes takes no more memory than its own size', () => {
    const nodes = new Uint8Array(2_000_000).map((_, i) => (i % 2 === 0 ? 0x0a : 0));
    // Field 7, a message of 2,000,000 bytes; field 8, an empty operator set.
    const bytes = new Uint8Array([0x3a, 0x80, 0x89, 0x7a, ...nodes, 0x42, 0]);
    const before = process.memoryUsage();
    expect(readModel(bytes).initialisers.size).toBe(0);
    const after = process.memoryUsage();
    expect(after.heapTotal - before.heapTotal).toBeLessThan(32 * bytes.length);
  });
});

describe('withElements', () => {
  const [[name, value]] = [...readModel(model).initialisers] as [[string, Tensor]];

  test('changes one initialiser and nothing else', () => {
    const elements = bytesOf(value).map((byte) => 255 - byte);
    const before = model.slice();
    const changed = withElements(model, name, elements) as Uint8Array;
    expect(model).toEqual(before);
    expect(changed.length).toBe(model.length);
    const { initialisers, ...others } = readModel(changed);
    const { initialisers: old, ...same } = readModel(model);
    expect(others).toEqual(same);
    expect(bytesOf(initialisers.get(name) as Tensor)).toEqual(elements);
    expect([...initialisers].filter(([other]) => other !== name)).toEqual(
      [...old].filter(([other]) => other !== name),
    );
  });

  test('gives nothing where there is no such initialiser, or one of another size', () => {
    expect(withElements(model, 'nobody', bytesOf(value))).toBeUndefined();
    expect(withElements(model, name, new Uint8Array(3))).toBeUndefined();
  });
});
