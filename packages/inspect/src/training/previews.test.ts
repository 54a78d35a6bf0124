import { bytesOf, fromBytes, type Tensor, toModel } from '@bigrid/graph';
import { type MethodOptions, type Stage, stageMap, stagesOf } from '@bigrid/method';
import { expect, it } from 'vitest';
import { tinyBackbone, tinyMethod } from '../../../method/testing/tiny.ts';
import {
  engine,
  entry,
  goodEntries,
  image,
  memoryScratches,
  tinyTraining,
  unreadable,
} from '../../testing/fakes.ts';
import { trainedValues } from '../bundle/bundle.ts';
import { mapScaleOf } from '../bundle/map-scale.ts';
import { Detector } from '../detection/detector.ts';
import type { WorkEvent } from '../events.ts';
import type { Mask } from '../ports.ts';
import { train } from '../train.ts';
import { extractFeatures } from './feature-extraction.ts';

type Preview = Extract<WorkEvent, { type: 'preview' }>;

const defects = [0, 1].map((seed) =>
  entry(`defect/${seed}.png`, () => image(900 + seed, { defect: true })),
);
const broken = unreadable('broken.png');
const preview = [...defects, broken];
const classes = [{ name: 'part', entries: goodEntries(24) }];
const leftHalf: Mask = { width: 2, height: 1, data: Uint8Array.of(255, 0) };

it('shows held-out and further images, and changes nothing in the model', async () => {
  const previews: Preview[] = [];
  const skipped: string[] = [];
  const scratches = memoryScratches();
  const shown = await train(
    tinyTraining({
      classes,
      preview,
      openScratch: scratches.open,
      onEvent: (event) => {
        if (event.type === 'preview') previews.push(event);
        if (event.type === 'skipped') skipped.push(event.path);
      },
    }),
  );
  expect(shown.bytes).toEqual((await train(tinyTraining({ classes }))).bytes);
  expect(scratches.state).toEqual({ opened: 2, disposed: 2 });
  expect(skipped).toEqual(['broken.png']);

  const steps = previews.map(({ step }) => step);
  expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
  expect(steps.length).toBeGreaterThan(1);
  expect(steps.at(-1)).toBe(shown.manifest.training.steps);
  for (const { maps, scale, loss } of previews) {
    const paths = maps.map(({ path }) => path);
    expect(paths.slice(0, -2).every((path) => path.startsWith('good/'))).toBe(true);
    expect(paths.slice(-2)).toEqual(['defect/0.png', 'defect/1.png']);
    expect(loss).toBeGreaterThan(0);
    expect(scale.highest).toBeGreaterThan(scale.lowest);
  }
  expect(previews[0]?.maps[0]?.map.data).not.toEqual(previews.at(-1)?.maps[0]?.map.data);
});

it('ends with what the finished model makes of the images', async () => {
  const previews: Preview[] = [];
  const bundle = await train(
    tinyTraining({
      classes,
      preview,
      ignored: leftHalf,
      onEvent: (event) => event.type === 'preview' && previews.push(event),
    }),
  );
  const last = previews.at(-1) as Preview;
  expect(last.scale).toEqual(mapScaleOf(bundle.manifest));
  const detector = await Detector.load(engine, bundle);
  const { map } = await detector.inspect(image(900, { defect: true }));
  await detector.dispose();
  expect(last.maps.find(({ path }) => path === 'defect/0.png')?.map).toEqual(map);
  for (const { maps } of previews) {
    for (const { map } of maps) {
      expect(map.data.every((value, at) => at % map.width >= map.width / 2 || value === 0)).toBe(
        true,
      );
      expect(map.data.some((value) => value > 0)).toBe(true);
    }
  }
});

it.each<Partial<MethodOptions>>([
  { grids: 'restoring' },
  { grids: 'published' },
  { grids: 'none' },
  { tiles: { rows: 1, columns: 2 } },
])('shows of a stage what its parameters make of an image: %o', async (chosen) => {
  const method = { ...tinyMethod, refinement: 'off', expectation: 'none', ...chosen } as const;
  const bundle = await train(tinyTraining({ classes, method }));
  const { parameters, statistics } = trainedValues(bundle);
  const extraction = await extractFeatures({
    ...{ imageEngine: engine, method, backbone: tinyBackbone, entries: defects.slice(0, 1) },
    openScratch: memoryScratches().open,
    onEvent: () => {},
    signal: undefined,
  });
  const { shape, blocksEach, scratch } = extraction;
  const { graph, parameters: names } = stageMap({
    stage: stagesOf(method).at(-1) as Stage,
    ...{ method, statistics, taps: extraction, frozen: parameters },
  });
  const session = await engine.load(toModel(graph));
  const block = new Uint8Array(2 * shape.reduce((product, side) => product * side, 1));
  const features = new Uint8Array(blocksEach * block.length);
  for (let tile = 0; tile < blocksEach; tile++) {
    await scratch.read(tile, block);
    features.set(block, tile * block.length);
  }
  const given = Object.fromEntries(names.map((name) => [name, parameters.get(name) as Tensor]));
  const { map } = await session.run({
    ...given,
    features: fromBytes('float16', [blocksEach, ...shape], features),
  });
  const detector = await Detector.load(engine, bundle);
  const expected = (await detector.inspect(image(900, { defect: true }))).map;
  await Promise.all([detector.dispose(), session.dispose()]);
  expect(map?.shape).toEqual([expected.height, expected.width]);
  const data = new Float32Array(bytesOf(map as Tensor).slice().buffer);
  const highest = Math.max(...expected.data);
  const furthest = data.reduce(
    (most, value, at) => Math.max(most, Math.abs(value - (expected.data[at] as number))),
    0,
  );
  // Tables and features are in half precision in one of them.
  expect(furthest).toBeLessThan(0.01 * highest);
});
