// Compares the speed of our model with anomalib's: model only, batch 1, two threads, in turns, in the same engines. Creates
// a Python environment in bench/peers/.venv (git-ignored; about 5 GB with PyTorch) from bench/peers/requirements.txt.
//
//   npm run bench:peers -- [--python PYTHON] [--rounds 7] [--json FILE] [--page FILE.md]
//
//   --python PYTHON  a Python 3.11 to create the environment with, or one that already has the requirements

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { train } from '@bigrid/node';
import { writeSyntheticLine } from '../packages/node/dist/synthetic/line.js';
import { fillPart } from '../scripts/docs/generated-parts.mjs';
import { circumstances } from './command-line.mjs';

const here = join(import.meta.dirname, 'peers');
const { values } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    rounds: { type: 'string', default: '7' },
    json: { type: 'string', default: join(import.meta.dirname, 'results', 'peers.json') },
    page: { type: 'string' },
  },
});
const run = (command, words) => execFileSync(command, words, { stdio: ['ignore', 2, 2] });

/** The given interpreter if it has the requirements; otherwise that of an environment that does. */
function interpreter() {
  try {
    const needed = 'import anomalib, onnxruntime, onnxscript, openvino';
    execFileSync(values.python, ['-c', needed], { stdio: 'ignore' });
    return values.python;
  } catch {
    const own = join(here, '.venv', 'bin', 'python');
    if (!existsSync(own)) run(values.python, ['-m', 'venv', join(here, '.venv')]);
    run(own, ['-m', 'pip', 'install', '--quiet', '-r', join(here, 'requirements.txt')]);
    return own;
  }
}

const python = interpreter();
const work = mkdtempSync(join(tmpdir(), 'bigrid-bench-peers-'));
try {
  await writeSyntheticLine(work, { goodCount: 16, testGoodCount: 0, defectCount: 0 });
  const bundle = join(work, 'bundle.onnx');
  // The weights do not matter for speed: one epoch.
  await train(join(work, 'train', 'good'), { epochs: 1, out: bundle });
  mkdirSync(dirname(values.json), { recursive: true });
  const words = [bundle, '--rounds', values.rounds, '--json', values.json];
  const table = execFileSync(python, [join(here, 'peers.py'), ...words], { encoding: 'utf8' });
  const report = `${circumstances()}, ${values.rounds} rounds.\n\n${table}`;
  console.log(report);
  if (values.page) {
    writeFileSync(values.page, fillPart(readFileSync(values.page, 'utf8'), 'bench:peers', report));
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
