import {
  type ElementType,
  type Engine,
  float32ToFloat16,
  NEXT,
  openLoop,
  type Port,
  readPorts,
  type Tensor,
  type Tensors,
  tensor,
  zeros,
} from '@bigrid/graph';

/** How long a device is measured, in ms; a slow one for one run. */
const DURATION = 300;

/** Sizes that are known only when a graph runs: those of a typical image, and 1 for all others. */
const SIDES = new Set(['height', 'width']);
const SIDE = 256;

/**
 * How fast an engine runs a graph on inputs that are made up, as many runs at once as it can do. A loop keeps its values where
 * the engine has them.
 * @returns runs per second
 * @throws ENGINE_FAILED, DEVICE_MISSING
 */
export async function runsPerSecond(engine: Engine, model: Uint8Array): Promise<number> {
  const { run, dispose } = await openMadeUp(engine, model);
  try {
    const runs = engine.runsAtOnce ?? 1;
    const round = () => Promise.all(Array.from({ length: runs }, run));
    // The first compiles programs and allocates memory.
    await round();
    const begun = performance.now();
    let [done, elapsed] = [0, 0];
    while (elapsed < DURATION) {
      await round();
      done += runs;
      elapsed = performance.now() - begun;
    }
    return (1000 * done) / elapsed;
  } finally {
    await dispose();
  }
}

async function openMadeUp(engine: Engine, model: Uint8Array) {
  const { inputs, outputs } = readPorts(model);
  const looped = new Set(outputs.map(({ name }) => name).filter((name) => name.startsWith(NEXT)));
  const isLooped = ({ name }: Port) => looped.has(NEXT + name);
  const given = madeUp(inputs.filter((port) => !isLooped(port)));
  const opened =
    looped.size > 0
      ? await openLoop(engine, model, madeUp(inputs.filter(isLooped)))
      : await engine.load(model);
  return { run: () => opened.run(given), dispose: () => opened.dispose() };
}

function madeUp(ports: readonly Port[]): Tensors {
  return Object.fromEntries(
    ports.map(({ name, type, shape }) => [
      name,
      filled(
        type,
        shape.map((size) => (typeof size === 'number' ? size : SIDES.has(size) ? SIDE : 1)),
      ),
    ]),
  );
}

/** Numbers in (0, 1] that vary, so that nothing is divided by zero; zeros for integers, which may be indices. */
function filled(type: ElementType, shape: readonly number[]): Tensor {
  if (type !== 'float32' && type !== 'float16') return zeros(type, shape);
  const { data } = zeros('float32', shape);
  const values = data.map((_, at) => (1 + ((at * 7919) % 1000)) / 1000);
  return type === 'float32'
    ? tensor(type, shape, values)
    : tensor(type, shape, float32ToFloat16(values));
}
