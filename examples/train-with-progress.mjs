// Trains a model and shows its progress. Ctrl-C stops it; the next run resumes where this one stopped.
//
//   node train-with-progress.mjs part/ part.onnx
import { isBigridError, train } from '@bigrid/node';

const [images, out, size = '256', epochs] = process.argv.slice(2);
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());

let shown = '';
function onEvent(event) {
  if (event.type === 'skipped') console.warn(`Skipped ${event.path}: ${event.error.message}`);
  if (event.type === 'warning') console.warn(event.message);
  if (event.type !== 'progress') return;
  const { phase, done, total, secondsLeft } = event;
  const left = secondsLeft === undefined ? '' : `, ${Math.ceil(secondsLeft)} s left`;
  const line = `${phase}: ${Math.floor((100 * done) / total)} %${left}`;
  if (line !== shown) console.log(line);
  shown = line;
}

try {
  const { manifest } = await train(images, {
    out,
    size: Number(size),
    epochs: epochs === undefined ? undefined : Number(epochs),
    resume: true,
    onEvent,
    signal: stop.signal,
  });
  console.log(`Threshold ${manifest.calibration.threshold}, written to ${out}`);
} catch (error) {
  if (!isBigridError(error)) throw error;
  console.error(`${error.code}: ${error.message}\n${error.remedy}`);
  process.exitCode = error.exitCode;
}
