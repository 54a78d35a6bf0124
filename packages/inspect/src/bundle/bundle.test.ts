import { float16ToFloat32, Graph, readModel, toModel } from '@bigrid/graph';
import { beforeAll, describe, expect, it } from 'vitest';
import { engine, image, tinyTraining } from '../../testing/fakes.ts';
import { Detector } from '../detection/detector.ts';
import { train } from '../train.ts';
import {
  type Bundle,
  manifestMetadata,
  openBundle,
  trainedValues,
  weightsOf,
  withManifest,
  withWeightsIn,
} from './bundle.ts';

const invalid = expect.objectContaining({ code: 'BUNDLE_INVALID' });
let bundle: Bundle;

beforeAll(async () => {
  bundle = await train(tinyTraining());
});

async function inspectWith(model: Pick<Bundle, 'bytes'>) {
  const detector = await Detector.load(engine, model);
  try {
    return await detector.inspect(image(200, { width: 50 }));
  } finally {
    await detector.dispose();
  }
}

describe('openBundle', () => {
  it('reads back what training wrote', async () => {
    const opened = openBundle(bundle.bytes);
    expect(opened.manifest).toEqual(bundle.manifest);
    expect(await inspectWith(opened)).toEqual(await inspectWith(bundle));
  });

  it('refuses other files', () => {
    expect(() => openBundle(new Uint8Array())).toThrow(invalid);
    expect(() => openBundle(new TextEncoder().encode('an image, say'))).toThrow(invalid);
    const foreign = new Graph('foreign');
    foreign.output('y', foreign.input('x', 'float32', [1]));
    expect(() => openBundle(toModel(foreign))).toThrow(invalid);
  });

  it('refuses a truncated bundle', () => {
    for (const share of [0.1, 0.5, 0.9, 0.999]) {
      const cut = bundle.bytes.subarray(0, Math.floor(bundle.bytes.length * share));
      expect(() => openBundle(cut), `${share}`).toThrow(invalid);
    }
  });
});

describe('withManifest', () => {
  it('changes the manifest but no tensor', async () => {
    const { manifest } = bundle;
    const calibration = { ...manifest.calibration, threshold: 123 };
    const recalibrated = withManifest(bundle, { ...manifest, calibration });
    expect(recalibrated.manifest.calibration.threshold).toBe(123);
    expect(openBundle(recalibrated.bytes).manifest).toEqual(recalibrated.manifest);
    expect(readModel(recalibrated.bytes).initialisers).toEqual(
      readModel(bundle.bytes).initialisers,
    );
    expect(await inspectWith(recalibrated)).toEqual(await inspectWith(bundle));
    // The original bundle is unchanged.
    expect(openBundle(bundle.bytes).manifest).toEqual(manifest);
  });

  it('undone gives the same bytes', () => {
    const { manifest } = bundle;
    const changed = withManifest(bundle, { ...manifest, classes: ['another'] });
    const restored = withManifest(changed, manifest);
    expect(restored.bytes).toEqual(withManifest(bundle, manifest).bytes);
  });
});

describe('trainedValues', () => {
  it('returns the tables and statistics in the file', () => {
    const { parameters, statistics } = trainedValues(bundle);
    const { initialisers } = readModel(bundle.bytes);
    expect(statistics.mean).toHaveLength(10);
    expect([...statistics.mean]).toEqual([...(initialisers.get('features.mean')?.data ?? [])]);
    expect(statistics.deviation.every((deviation) => deviation > 0)).toBe(true);
    const table = initialisers.get('normal.grid.local');
    expect(table?.type).toBe('float16');
    expect(parameters.get('normal.grid.local')?.data).toEqual(
      float16ToFloat32(table?.data as Uint16Array),
    );
  });

  it('refuses a model without statistics', () => {
    const graph = new Graph('empty');
    graph.output('y', graph.input('x', 'float32', [1]));
    const bytes = toModel(graph, { metadata: manifestMetadata(bundle.manifest) });
    expect(() => trainedValues(openBundle(bytes))).toThrow(invalid);
  });
});

describe('Detector', () => {
  it('refuses a model that the engine refuses', async () => {
    const spoilt = bundle.bytes.slice();
    // The first operator of the graph gets an unknown name.
    const text = Buffer.from(spoilt.buffer);
    spoilt.set(new TextEncoder().encode('Xesize'), text.indexOf('Resize'));
    await expect(inspectWith({ bytes: spoilt })).rejects.toThrow(invalid);
  });

  it('refuses a model with other outputs', async () => {
    const graph = new Graph('other');
    graph.output('y', graph.input('image', 'uint8', [1, 'height', 'width', 3]));
    await expect(inspectWith({ bytes: toModel(graph) })).rejects.toThrow(invalid);
  });

  it('returns a finite map and a score, the same for the same image', async () => {
    const { score, map } = await inspectWith(bundle);
    expect([map.width, map.height]).toEqual([256, 256]);
    expect(map.data).toHaveLength(256 * 256);
    expect(map.data.every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
    expect(Number.isFinite(score)).toBe(true);
    expect(await inspectWith(bundle)).toEqual({ score, map, image: image(200, { width: 50 }) });
  });
});

// In this bundle only tables are large enough to be stored in fewer bits.
describe('withWeightsIn', () => {
  it('returns a bundle that states its weights, and gives similar scores', async () => {
    const small = withWeightsIn(bundle, 'int8');
    expect([weightsOf(bundle), weightsOf(small)]).toEqual([undefined, 'int8']);
    expect(small.bytes.length).toBeLessThan(bundle.bytes.length);
    expect(openBundle(small.bytes).manifest).toEqual(bundle.manifest);
    const [before, after] = [await inspectWith(bundle), await inspectWith(small)];
    expect(after.score).not.toBe(before.score);
    expect(Math.abs(after.score / before.score - 1)).toBeLessThan(0.05);
  });

  it('returns a bundle that training can continue from', async () => {
    const further = await train(tinyTraining({ from: withWeightsIn(bundle, 'int8') }));
    expect(weightsOf(further)).toBeUndefined();
  });

  it('happens once', () => {
    const small = withWeightsIn(bundle, 'int8');
    expect(() => withWeightsIn(small, 'float16')).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    );
  });
});
