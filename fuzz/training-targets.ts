import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { train, type WorkEvent } from '@bigrid/inspect';
import sharp from 'sharp';
import { goodEntries, memoryCheckpoint, tinyTraining } from '../packages/inspect/testing/fakes.ts';
import { openCheckpoint } from '../packages/node/src/training/checkpoint-folder.ts';
import { readReplay } from '../packages/node/src/training/replay-folder.ts';
import { type Target, workFolder } from './target.ts';

type State = ReturnType<typeof memoryCheckpoint>['states'][number];

const HEADER_START = 4;
const DIGEST_BYTES = 32;

/** Interrupted at every point: while reading, and in each stage. */
async function cutOff(): Promise<{
  readonly states: readonly State[];
  readonly resume: (state: State) => Promise<unknown>;
}> {
  const { states, run } = memoryCheckpoint();
  const input = tinyTraining({
    // Two distinct images and three copies: two folds, where five distinct images would make five.
    classes: [
      { name: 'part', entries: [...goodEntries(3), ...goodEntries(1, 2), ...goodEntries(1, 2)] },
    ],
    schedule: { ...tinyTraining().schedule, epochs: 1 },
  });
  await train({ ...input, ...run() });
  return { states: [...states], resume };

  /** Runs up to one step, by when everything in a state has been used. */
  async function resume(state: State): Promise<void> {
    const stop = new AbortController();
    const onEvent = (event: WorkEvent) => {
      if (event.type !== 'progress' || event.secondsLeft === undefined) return;
      if (event.loss !== undefined || event.phase === 'cross-fitting') stop.abort();
    };
    const { checkpoint, openScratch } = run(state);
    const once = { ...checkpoint, everySeconds: Number.POSITIVE_INFINITY };
    const { signal } = stop;
    await train({ ...input, checkpoint: once, openScratch, onEvent, signal }).catch((error) => {
      if (!signal.aborted) throw error;
    });
  }
}

let prepared: ReturnType<typeof cutOff> | undefined;
const training = () => {
  prepared ??= cutOff();
  return prepared;
};

function headerEnd(state: Uint8Array): number {
  return HEADER_START + Buffer.from(state).readUInt32LE(0);
}

/** With a correct header length and digest, as in a crafted file. */
function sealed(header: Uint8Array, tensors: Uint8Array): Uint8Array {
  const length = Buffer.alloc(HEADER_START);
  length.writeUInt32LE(header.length);
  const whole = Buffer.concat([length, header, tensors]);
  return Buffer.concat([whole, createHash('sha256').update(whole).digest()]);
}

/** The state of a training. The input is its header, or all of it, in which the digest detects any damage. */
export const states: Target = {
  name: 'state',
  mostMemory: 100,
  async corpus() {
    const { states } = await training();
    const headers = states.map(({ bytes }) => bytes.subarray(HEADER_START, headerEnd(bytes)));
    return [...headers, ...states.slice(0, 1).map(({ bytes }) => bytes)];
  },
  async read(bytes) {
    const { states, resume } = await training();
    const { bytes: valid, blocks } = states.at(-1) as State;
    const tensors = valid.subarray(headerEnd(valid), -DIGEST_BYTES);
    const isHeader = bytes[0] === '{'.charCodeAt(0);
    await resume({ bytes: isHeader ? sealed(bytes, tensors) : bytes, blocks });
  },
};

const identity = {
  options: { seed: 1, method: { depth: 2, taps: [1, 2] } },
  images: { 'part: 0.png': '5 bytes', 'part: 1.png': '6 bytes' },
};

/** The request file of a checkpoint, in a folder with a state to resume from. */
export const checkpoints: Target = {
  name: 'checkpoint',
  mostMemory: 80,
  corpus: async () => [
    Buffer.from(
      JSON.stringify(
        { ...identity, options: { seed: '1', 'method.depth': '2', 'method.taps': '[1,2]' } },
        null,
        1,
      ),
    ),
  ],
  async read(bytes) {
    const out = join(workFolderOnce(), 'model.onnx');
    const folder = `${out}.checkpoint`;
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'state'), 'state');
    writeFileSync(join(folder, 'training.json'), bytes);
    const opened = await openCheckpoint(out, identity, { resume: true });
    await opened?.close({ succeeded: false });
  },
};

/** An image kept for updates. */
export const replays: Target = {
  name: 'replay',
  // As for any image.
  mostMemory: 900,
  mostSeconds: 10,
  async corpus() {
    const raw = { width: 4, height: 4, channels: 3 } as const;
    const image = sharp(Buffer.alloc(48, 120), { raw });
    return [await image.webp({ lossless: true }).toBuffer()];
  },
  async read(bytes) {
    const folder = workFolderOnce();
    const kept = join(folder, 'part.replay');
    for (const part of ['learnt', 'held-out']) {
      mkdirSync(join(kept, part), { recursive: true });
      writeFileSync(join(kept, part, '0001.webp'), bytes);
    }
    const { learnt, heldOut } = await readReplay(join(folder, 'part.onnx'), 'any', kept);
    for (const { read } of [...learnt, ...heldOut]) await read();
  },
};

let folder: string | undefined;
const workFolderOnce = () => {
  folder ??= workFolder();
  return folder;
};
