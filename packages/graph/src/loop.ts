import type { Engine, Loop, Session, Tensors } from './engine.ts';
import { type Tensor, zeros } from './tensor.ts';

/** What the output of a value is called that becomes the input NAME of the next run: `next/NAME`. */
export const NEXT = 'next/';

/**
 * Opens a loop on an engine: in the memory of its device if it has one, and otherwise in that of the processor.
 * @param model a serialised graph with an input NAME and an output `next/NAME` of the same type and shape per value
 * @param values before the first run. They are not copied: the loop writes into them
 * @throws ENGINE_FAILED
 */
export async function openLoop(engine: Engine, model: Uint8Array, values: Tensors): Promise<Loop> {
  return (await engine.loop?.(model, values)) ?? new LoopInMemory(await engine.load(model), values);
}

/** Two sets of tensors take turns as input and output of the graph, so that a run allocates none of them. */
class LoopInMemory implements Loop {
  readonly #session: Session;
  #current: Tensors;
  #spare: Tensors;

  constructor(session: Session, values: Tensors) {
    this.#session = session;
    this.#current = values;
    this.#spare = mapTensors(values, (name, { type, shape }) => [name, zeros(type, shape)]);
  }

  async run(inputs: Tensors): Promise<Tensors> {
    const into = mapTensors(this.#spare, (name, value) => [NEXT + name, value]);
    const outputs = await this.#session.run({ ...this.#current, ...inputs }, into);
    [this.#current, this.#spare] = [
      mapTensors(this.#current, (name) => [name, outputs[NEXT + name] as Tensor]),
      this.#current,
    ];
    return Object.fromEntries(Object.entries(outputs).filter(([name]) => !name.startsWith(NEXT)));
  }

  async values(): Promise<Tensors> {
    return this.#current;
  }

  dispose(): Promise<void> {
    return this.#session.dispose();
  }
}

function mapTensors(
  tensors: Tensors,
  change: (name: string, value: Tensor) => [string, Tensor],
): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, value]) => change(name, value)));
}
