// Fuzzes the readers of external input: `npm run fuzz -- --minutes N [--target NAME]`. Inputs that reach new code are
// kept in .bigrid/fuzz/corpus, findings in .bigrid/fuzz/findings, each with its input and its stack trace.

import { fork } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { targets } from './targets.ts';

/** After this long without a sign of life, the current input counts as a hang. */
const HANG_SECONDS = 120;
/** The same before the first input: loading takes long on a busy machine. */
const START_SECONDS = 300;
/** Limit of the heap alone, for small inputs. */
const HEAP_MEGABYTES = 1024;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    target: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
});
const chosen = targets.filter(({ name }) => (values.target ?? name) === name);
const seconds = (Number(values.minutes) * 60) / chosen.length;
if (chosen.length === 0 || !(seconds > 0)) {
  const names = targets.map(({ name }) => name).join(', ');
  console.error(`Expected --minutes above 0 and --target one of ${names}`);
  process.exit(64);
}

const root = join(import.meta.dirname, '..');
const folder = join(root, '.bigrid', 'fuzz');
mkdirSync(folder, { recursive: true });

interface State {
  readonly executions: number;
  readonly findings: number;
  readonly corpus: number;
  readonly covered: number;
}

/** Runs a target for its time; restarts it if it hangs or ends early. */
async function fuzz(name: string): Promise<State> {
  const end = performance.now() + seconds * 1000;
  let total: State = { executions: 0, findings: 0, corpus: 0, covered: 0 };
  for (let run = 0; performance.now() < end; run++) {
    const left = (end - performance.now()) / 1000;
    const { state, ended } = await runOnce(name, left, Number(values.seed) + run);
    const findings = total.findings + state.findings + (ended ? 1 : 0);
    total = { ...state, executions: total.executions + state.executions, findings };
    if (ended) save(name, ended);
  }
  return total;
}

function runOnce(name: string, left: number, seed: number) {
  const child = fork(
    join(import.meta.dirname, 'worker.ts'),
    [name, String(left), String(seed), folder],
    { execArgv: [`--max-old-space-size=${HEAP_MEGABYTES}`] },
  );
  let state: State = { executions: 0, findings: 0, corpus: 0, covered: 0 };
  let watchdog: NodeJS.Timeout;
  const wait = (seconds = HANG_SECONDS) => {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => child.kill('SIGKILL'), seconds * 1000);
  };
  wait(START_SECONDS);
  child.on('message', (message) => {
    state = message as State;
    wait();
  });
  return new Promise<{ state: State; ended: string | undefined }>((resolve) => {
    child.on('exit', (code, signal) => {
      clearTimeout(watchdog);
      const hung = signal === 'SIGKILL' ? 'hang' : 'end';
      const ended = code === 0 ? undefined : `${hung}: exit code ${code}, signal ${signal}`;
      resolve({ state, ended });
    });
  });
}

/** Saves the input that a process was reading when it ended. */
function save(name: string, detail: string): void {
  const written = readFileSync(join(folder, `current-${name}`));
  const bytes = written.subarray(4, 4 + (written.length < 4 ? 0 : written.readUInt32LE(0)));
  const stem = join(folder, 'findings', name, `end-${Date.now()}`);
  mkdirSync(dirname(stem), { recursive: true });
  writeFileSync(`${stem}.bin`, bytes);
  writeFileSync(`${stem}.txt`, `${detail}\n`);
  console.error(`${name}: ${detail}, ${stem}.bin`);
}

console.log(`seed ${values.seed}, ${seconds.toFixed(0)} s per target`);
let findings = 0;
for (const { name } of chosen) {
  const state = await fuzz(name);
  findings += state.findings;
  console.log(
    `${name.padEnd(12)} ${state.executions} executions, ${state.corpus} inputs kept, ${state.covered} characters of source covered, ${state.findings} findings`,
  );
}
process.exitCode = findings > 0 ? 1 : 0;
