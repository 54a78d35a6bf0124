// Feeds new inputs to one target until its time is up: `node worker.ts TARGET SECONDS SEED FOLDER`. Started by main.ts,
// which kills it if it hangs.

import { createHash } from 'node:crypto';
import { mkdirSync, openSync, readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '@bigrid/method';
import { Coverage } from './coverage.ts';
import { mutate, pick } from './mutate.ts';
import { type Finding, readOnce } from './read-once.ts';
import { targets } from './targets.ts';

/** Reading the coverage takes as long as some dozen inputs. */
const BATCH = 64;

const [name = '', seconds = '60', seed = '0', folder = '.'] = process.argv.slice(2);
const target = targets.find((other) => other.name === name);
if (!target) throw new Error(`Expected one of ${targets.map(({ name }) => name)}`);

const corpusFolder = join(folder, 'corpus', name);
const crashFolder = join(folder, 'findings', name);
for (const path of [corpusFolder, crashFolder]) mkdirSync(path, { recursive: true });
// The last input, kept in case the process ends or hangs.
const current = openSync(join(folder, `current-${name}`), 'w');

const random = new Random(Number(seed)).fork(name);
const coverage = new Coverage();
const corpus: Uint8Array[] = [];
const seen = new Set<string>();
let [executions, findings] = [0, 0];

async function execute(bytes: Uint8Array): Promise<void> {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  writeSync(current, Buffer.concat([length, bytes]), 0, bytes.length + 4, 0);
  executions++;
  const finding = await readOnce(target as (typeof targets)[number], bytes);
  if (finding) report(bytes, finding);
}

/** Findings at the same place count once. */
function report(bytes: Uint8Array, { kind, detail }: Finding): void {
  const key =
    detail
      .match(/^ +at .*$/gm)
      ?.slice(0, 3)
      .join() ?? kind;
  if (seen.has(key)) return;
  seen.add(key);
  findings++;
  const stem = join(crashFolder, `${kind}-${nameOf(bytes)}`);
  writeFileSync(`${stem}.bin`, bytes);
  writeFileSync(`${stem}.txt`, `${detail}\n`);
  console.error(`${name}: ${kind}, ${stem}.bin\n  ${detail.split('\n').slice(0, 6).join('\n  ')}`);
}

function keep(bytes: Uint8Array): void {
  corpus.push(bytes);
  writeFileSync(join(corpusFolder, nameOf(bytes)), bytes);
}

function nameOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}

for (const bytes of await target.corpus()) {
  await execute(bytes);
  corpus.push(bytes);
}
for (const file of readdirSync(corpusFolder)) {
  const bytes = new Uint8Array(readFileSync(join(corpusFolder, file)));
  await execute(bytes);
  corpus.push(bytes);
}
coverage.isNew(true);

process.send?.({ executions, findings, corpus: corpus.length, covered: 0 });
const end = performance.now() + Number(seconds) * 1000;
let told = 0;
while (performance.now() < end) {
  const batch = Array.from({ length: BATCH }, () =>
    mutate(pick(corpus, random), pick(corpus, random), random),
  );
  for (const bytes of batch) {
    await execute(bytes);
    if (performance.now() - told < 500) continue;
    told = performance.now();
    process.send?.({ executions, findings, corpus: corpus.length, covered: 0 });
  }
  if (!coverage.isNew(false)) continue;
  for (const bytes of batch) {
    await execute(bytes);
    if (coverage.isNew(true)) keep(bytes);
  }
}
process.send?.({ executions, findings, corpus: corpus.length, covered: coverage.size });
process.disconnect?.();
