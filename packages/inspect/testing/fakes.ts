import { BigridError, type ErrorCode } from '@bigrid/errors';
import { type Engine, float32, Graph, type Tensor, toModel } from '@bigrid/graph';
import { Random } from '@bigrid/method';
import { onnxRuntimeEngine } from '@bigrid/node';
import { tinyBackbone, tinyMethod, tinySchedule } from '../../method/testing/tiny.ts';
import type {
  Checkpoint,
  Image,
  ImageEntry,
  LabelledEntry,
  Mask,
  Replay,
  Scratch,
  TrainingEngines,
} from '../src/ports.ts';
import type { TrainInput } from '../src/train.ts';

export const engine: Engine = onnxRuntimeEngine({ threads: 1 });

/** The same, for all that a training computes. */
export const engines: TrainingEngines = { engine, imageEngine: engine };

/** A striped image with some noise of its own; a defect is a bright patch. */
export function image(seed: number, options: { defect?: boolean; width?: number } = {}): Image {
  const { defect = false, width = 64 } = options;
  const height = 64;
  const random = new Random(seed).fork('noise');
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    if (defect && x >= 24 && x < 40 && y >= 24 && y < 40) return i % 3 === 0 ? 255 : 20;
    return 100 + 40 * Math.sin(x / 6) + 20 * Math.cos(y / 9) + random.uniform(-8, 8);
  });
  return { width, height, data };
}

export function entry(path: string, read: () => Image | Promise<Image>): ImageEntry {
  return { path, read: async () => read() };
}

export function unreadable(path: string, code: ErrorCode = 'IMAGE_UNREADABLE'): ImageEntry {
  return entry(path, () => {
    throw new BigridError(code, `Expected an image for ${path} but received noise`);
  });
}

/** Good images of one product. */
export function goodEntries(count: number, firstSeed = 0): ImageEntry[] {
  return Array.from({ length: count }, (_, i) =>
    entry(`good/${firstSeed + i}.png`, () => image(firstSeed + i)),
  );
}

/** Good images of a kind that training did not see: the same stripes in another light. */
export function otherLight(count: number, firstSeed: number): ImageEntry[] {
  return Array.from({ length: count }, (_, i) =>
    entry(`light/${firstSeed + i}.png`, () => {
      const { width, height, data } = image(firstSeed + i);
      return { width, height, data: data.map((value) => 0.8 * value + 20) };
    }),
  );
}

export function labelled(
  base: ImageEntry,
  label: { className?: string; defect?: string; mask?: Mask | undefined } = {},
): LabelledEntry {
  const { className = 'part', defect = 'good', mask } = label;
  const readMask = mask && (async () => mask);
  return { path: base.path, read: base.read, className, defect, readMask };
}

/** A checkpoint in memory that takes every state there is, with the blocks as they were then. */
export function memoryCheckpoint() {
  const states: { bytes: Uint8Array; blocks: Uint8Array[] }[] = [];
  const run = (from?: (typeof states)[number]) => {
    let blocks: Uint8Array[] = [];
    const openScratch = async (_: number, kept = 0): Promise<Scratch> => {
      blocks = (from?.blocks ?? []).slice(0, kept);
      return {
        append: async (block) => void blocks.push(block.slice()),
        read: async (index, target) => target.set(blocks[index] as Uint8Array),
        dispose: async () => {},
      };
    };
    const save = async (bytes: Uint8Array) => void states.push({ bytes, blocks: [...blocks] });
    const checkpoint: Checkpoint = { saved: from?.bytes, everySeconds: 0, save };
    return { checkpoint, openScratch };
  };
  return { states, run };
}

/** Kept images in memory. */
export function memoryReplay(most: number) {
  const images: Record<keyof Replay, Image[]> = { learnt: [], heldOut: [] };
  const keep = async (part: keyof Replay, index: number, image: Image) => {
    images[part][index] = image;
  };
  const entriesOf = (part: keyof Replay) =>
    images[part].map((image, index) => entry(`kept/${part}/${index}`, () => image));
  const entries = () => ({ learnt: entriesOf('learnt'), heldOut: entriesOf('heldOut') });
  return { most, keep, entries };
}

/** Blocks in memory; counts how many scratches are open. */
export function memoryScratches() {
  const state = { opened: 0, disposed: 0 };
  const open = async (blockBytes: number): Promise<Scratch> => {
    state.opened++;
    const blocks: Uint8Array[] = [];
    return {
      async append(block) {
        if (block.byteLength !== blockBytes) throw new Error(`Block of ${block.byteLength} bytes`);
        blocks.push(block.slice());
      },
      async read(index, target) {
        target.set(blocks[index] as Uint8Array);
      },
      async dispose() {
        state.disposed++;
      },
    };
  };
  return { state, open };
}

/** The real engine, with a count of the sessions that it holds. */
export function countingEngine(): { engine: Engine; state: { open: number } } {
  const state = { open: 0 };
  const counting: Engine = {
    description: engine.description,
    async load(model) {
      const session = await engine.load(model);
      state.open++;
      return {
        run: (inputs, reuse) => session.run(inputs, reuse),
        async dispose() {
          state.open--;
          await session.dispose();
        },
      };
    },
  };
  return { engine: counting, state };
}

/** A model for an engine that answers whatever the model is. */
export function someModel(): { bytes: Uint8Array } {
  const graph = new Graph('some');
  graph.output('same', graph.input('image', 'uint8', [1]));
  return { bytes: toModel(graph) };
}

/** An engine whose every graph answers with what `answer` makes of the image. */
export function answeringEngine(
  answer: (image: Tensor<'uint8'>) => { score: number; width: number; map: ArrayLike<number> },
): Engine {
  return {
    description: 'answers',
    load: async () => ({
      async run({ image }) {
        const { score, width, map } = answer(image as Tensor<'uint8'>);
        return {
          score: float32([1], [score]),
          anomaly_map: float32([1, map.length / width, width], map),
        };
      },
      async dispose() {},
    }),
  };
}

/** A training that takes a fraction of a second. */
export function tinyTraining(over: Partial<TrainInput> = {}): TrainInput {
  const { engine: own = engine } = over;
  return {
    engine: own,
    imageEngine: own,
    backbone: tinyBackbone,
    openScratch: memoryScratches().open,
    classes: [{ name: 'part', entries: goodEntries(12) }],
    profile: 'fast',
    method: tinyMethod,
    schedule: { ...tinySchedule, epochs: 4 },
    seed: 0,
    version: '1.2.3',
    now: () => new Date('2025-01-02T03:04:05Z'),
    ...over,
  };
}
