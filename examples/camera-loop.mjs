// Inspects the frames of a camera. The model is loaded once; while all threads are busy, new frames are dropped, so that
// verdicts never fall behind the line.
//
//   node camera-loop.mjs part.onnx
import { availableParallelism } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { openDetector } from '@bigrid/node';

/** Stands for the SDK of your camera: 8-bit BGR frames, each in memory of its own. */
async function* grabFrames(count = 20, width = 640, height = 480) {
  for (let number = 0; number < count; number++) {
    yield { number, width, height, data: new Uint8Array(3 * width * height).fill(128) };
    await setTimeout(20);
  }
}

const [model] = process.argv.slice(2);
const detector = await openDetector(model);
let [busy, dropped] = [0, 0];

async function inspect({ number, width, height, data }) {
  busy++;
  try {
    const frame = { data, width, height, format: 'bgr', name: `frame ${number}` };
    const { path, score, threshold, verdict } = await detector.inspect(frame);
    console.log(`${path}: ${verdict}, ${score.toFixed(2)} of ${threshold.toFixed(2)}`);
  } catch (error) {
    console.error(`frame ${number}: ${error.message}`);
  } finally {
    busy--;
  }
}

for await (const frame of grabFrames()) {
  if (busy < availableParallelism()) inspect(frame);
  else dropped++;
}
// Waits for the frames in progress.
await detector.dispose();
if (dropped > 0) console.log(`${dropped} frames dropped`);
