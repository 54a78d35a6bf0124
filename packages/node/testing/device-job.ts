import {
  add,
  type Engine,
  float32,
  Graph,
  mul,
  openLoop,
  type Tensor,
  type Tensors,
  tensor,
  toModel,
  type Value,
  zeros,
} from '@bigrid/graph';
import {
  type Bundle,
  Detector,
  train,
  update,
  type WorkEvent,
  withWeightsIn,
} from '@bigrid/inspect';
import { everyOperatorGraph } from '../../graph/testing/every-operator.ts';
import { numbersOf } from '../../graph/testing/run-graph.ts';
import {
  goodEntries,
  image,
  memoryReplay,
  memoryScratches,
  otherLight,
  tinyTraining,
} from '../../inspect/testing/fakes.ts';
import { tinyBackbone, tinyMethod } from '../../method/testing/tiny.ts';
import { type Device, onnxRuntimeEngine } from '../src/engine/engine.ts';

// A program: trains, inspects, stores smaller weights and updates on a device, WebGPU or the one that is named, and on the
// processor, and prints the largest relative differences. One process does it all, because most of the time goes to compiling
// programs for an adapter.

const cpu = onnxRuntimeEngine({ threads: 1 });
const device = (process.argv[2] ?? 'webgpu') as Device;
const other = onnxRuntimeEngine({ threads: 1, device });

const fast = {
  ...tinyMethod,
  grids: 'gaussian+restoring',
  anomalySource: 'swap',
  expectation: 'image',
} as const;

/** Trains on both; the losses differ by as much as the steps do. */
async function trainOnBoth() {
  const kept = memoryReplay(15);
  const { differ, on } = comparison((engine, onEvent) =>
    train(
      tinyTraining({
        engine,
        method: fast,
        schedule: { ...tinyTraining().schedule, epochs: 1 },
        classes: [{ name: 'part', entries: goodEntries(40) }],
        replay: kept,
        onEvent,
      }),
    ),
  );
  const bundle = await on(cpu);
  await on(other);
  return { bundle, replay: kept.entries(), loss: differ() };
}

async function updateOnBoth(start: Awaited<ReturnType<typeof trainOnBoth>>) {
  const { differ, on } = comparison((engine, onEvent) => {
    const [good, openScratch] = [otherLight(4, 500), memoryScratches().open];
    const given = { good, openScratch, now: () => new Date(0), allowSuspect: true };
    const engines = { engine, imageEngine: engine };
    return update({ ...start, ...given, ...engines, backbone: tinyBackbone, onEvent });
  });
  await on(cpu);
  await on(other);
  return differ();
}

/** Runs a training on engines and compares the losses of its steps. */
function comparison<T>(run: (engine: Engine, onEvent: (event: WorkEvent) => void) => Promise<T>) {
  const losses: number[][] = [];
  return {
    on: (engine: Engine) => {
      const own: number[] = [];
      losses.push(own);
      return run(engine, (event) => 'loss' in event && event.loss && own.push(event.loss));
    },
    differ: () => largest(losses[0] ?? [], losses[1] ?? []),
  };
}

/** Every operator and every gradient: the largest error, relative to values above 1. */
async function everyOperator(): Promise<number> {
  const graph = everyOperatorGraph();
  const inputs = Object.fromEntries(graph.inputs.map((value) => [value.name, inputFor(value)]));
  const model = toModel(graph);
  const expected = await runOn(cpu, model, inputs);
  const received = await runOn(other, model, inputs);
  const errors = Object.keys(expected).map((name) => {
    const [right, own] = [numbersOf(expected, name), numbersOf(received, name)];
    const error = (value: number, at: number) =>
      Math.abs((own[at] as number) - value) / Math.max(1, Math.abs(value));
    return Math.max(...right.map(error));
  });
  return Math.max(...errors);
}

/** Numbers for which all operators are defined; zeros for indices. */
function inputFor({ name, type, shape }: Value): Tensor {
  const sizes: Readonly<Record<string, number>> = { height: 40, width: 30, batch: 2, windows: 3 };
  const known = shape.map((size) => (typeof size === 'number' ? size : (sizes[size] as number)));
  const { data } = zeros('float32', known);
  const varied = data.map((_, at) => 0.25 + ((at * 7919) % 1000) / 1000);
  // Descending, because the places of its largest are those that values are put back to.
  if (name === 'vector')
    return float32(
      known,
      data.map((_, at) => 1 - at / 10),
    );
  if (type === 'float32') return float32(known, varied);
  return type === 'uint8'
    ? tensor(
        type,
        known,
        Uint8Array.from(varied, (x) => 200 * x),
      )
    : zeros(type, known);
}

async function runOn(engine: Engine, model: Uint8Array, inputs: Tensors): Promise<Tensors> {
  const session = await engine.load(model);
  const outputs = await session.run(inputs);
  await session.dispose();
  return outputs;
}

/** Values of a loop, read after each run: x <- x / 2 + y. */
async function loopOn(engine: Engine): Promise<number[]> {
  const graph = new Graph('halving');
  const x = graph.input('x', 'float32', [2]);
  graph.output('next/x', add(mul(x, 0.5), graph.input('y', 'float32', [2])));
  const loop = await openLoop(engine, toModel(graph), { x: float32([2], [8, 4]) });
  const found: number[] = [];
  for (let run = 1; run <= 4; run++) {
    await loop.run({ y: float32([2], [run, 1]) });
    found.push(...((await loop.values()).x as Tensor<'float32'>).data);
  }
  await loop.dispose();
  return found;
}

function largest(expected: readonly number[], received: readonly number[]): number {
  if (expected.length === 0 || expected.length !== received.length) return Number.NaN;
  return Math.max(...expected.map((value, at) => Math.abs((received[at] as number) / value - 1)));
}

/** How much the scores of a model differ. */
async function inspectOnBoth(bundle: Pick<Bundle, 'bytes'>): Promise<number> {
  return largest(await scoresOn(cpu, bundle), await scoresOn(other, bundle));
}

async function scoresOn(engine: Engine, bundle: Pick<Bundle, 'bytes'>): Promise<number[]> {
  const detector = await Detector.load(engine, bundle);
  const found: number[] = [];
  for (const defect of [false, true]) {
    found.push((await detector.inspect(image(900, { defect }))).score);
  }
  await detector.dispose();
  return found;
}

const trained = await trainOnBoth();
const published = await train(tinyTraining());
const differences = {
  operators: await everyOperator(),
  loop: largest(await loopOn(cpu), await loopOn(other)),
  train: trained.loss,
  inspect: await inspectOnBoth(trained.bundle),
  float16: await inspectOnBoth(withWeightsIn(trained.bundle, 'float16')),
  int8: await inspectOnBoth(withWeightsIn(trained.bundle, 'int8')),
  update: await updateOnBoth(trained),
  'inspect as published': await inspectOnBoth(published),
};
process.stdout.write(JSON.stringify(differences));
