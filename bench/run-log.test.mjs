import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { useTemporaryFolder, write, writeProduct } from '../packages/cli/testing/command-line.ts';
import { describeKnown, RunLog } from './run-log.mjs';

const at = useTemporaryFolder();
const row = { data: 'part', configuration: 'Gaussian per cell', seed: 1 };
const told = { revision: 'abc1234', date: '2026-01-02' };

test('a logged run is found, and its last row counts', () => {
  const log = new RunLog(at('logs', 'runs.jsonl'), false);
  expect([log.find(row), log.hasChanged, log.rows]).toEqual([undefined, false, []]);
  log.add({ ...row, imageAuroc: 0.5 });
  log.add({ ...row, seed: 2 });
  expect([log.find(row).imageAuroc, log.hasChanged]).toEqual([0.5, true]);

  const fresh = new RunLog(at('logs', 'runs.jsonl'), true);
  expect([fresh.find(row), fresh.hasChanged]).toEqual([undefined, false]);
  fresh.add({ ...row, imageAuroc: 0.75 });
  expect([fresh.find(row).imageAuroc, fresh.find({ ...row, seed: 2 })]).toEqual([0.75, undefined]);

  const again = new RunLog(at('logs', 'runs.jsonl'), false);
  expect(again.rows.map(({ seed, imageAuroc }) => [seed, imageAuroc])).toEqual([
    [1, 0.75],
    [2, undefined],
  ]);
});

test('runs that are not repeated are listed with seeds, dates and revisions', () => {
  const rows = [1, 2].map((seed) => ({ ...row, ...told, seed }));
  expect(describeKnown(rows, 'runs.jsonl')).toEqual([
    'Not run, because runs.jsonl already has these runs under this folder name:',
    '  part, Gaussian per cell: seeds 1, 2 (2026-01-02, revision abc1234)',
    'Use --fresh to run them again.',
  ]);
  expect(describeKnown([], 'runs.jsonl')).toEqual([]);
});

const [log, table] = ['accuracy.jsonl', 'accuracy.md'];
const committed =
  '# By hand\n\n<!-- generated:bench:accuracy -->\nas committed\n<!-- /generated -->\n';
const bench = async (...words) => {
  const all = [
    join(import.meta.dirname, 'accuracy.mjs'),
    ...[
      ...words,
      '--only',
      row.configuration,
      '--seeds',
      '1',
      '--log',
      at(log),
      '--table',
      at(table),
    ],
  ];
  return (await promisify(execFile)(process.execPath, all)).stdout;
};

beforeAll(async () => {
  await writeProduct(at('part'));
  const metrics = { imageAuroc: 0.5, pixelAuroc: 0.5, pixelAp: 0.5, aupro: 0.5 };
  await write(
    at(log),
    `${JSON.stringify({ ...row, ...told, ...metrics, seconds: 3, megabytes: 1 })}\n`,
  );
  await write(at(table), committed);
});

test('a folder with logged runs is skipped with a message, and the table is unchanged', async () => {
  const before = readFileSync(at(log), 'utf8');
  const said = await bench(at('part'));
  expect(said).toContain('part, Gaussian per cell: seeds 1 (2026-01-02, revision abc1234)');
  expect(said).toContain('Use --fresh');
  expect(said).toContain(`Nothing was run: ${at(table)} is unchanged.`);
  expect([readFileSync(at(log), 'utf8'), readFileSync(at(table), 'utf8')]).toEqual([
    before,
    committed,
  ]);
});

test('--fresh runs it, and the table changes', async () => {
  const said = await bench(at('part'), '--fresh');
  expect(said).toMatch(/^part, Gaussian per cell, seed 1: [\d. /]+, \d s\n$/);
  expect(readFileSync(at(log), 'utf8').trim().split('\n')).toHaveLength(2);
  const drawn = readFileSync(at(table), 'utf8');
  expect(drawn).toContain('| Gaussian per cell | 1 |');
  expect(drawn).toMatch(/^# By hand\n/);
  expect(drawn).not.toMatch(/abc1234|as committed/);
});

test('without a folder the table is made from the log', async () => {
  const drawn = readFileSync(at(table), 'utf8');
  await write(at(table), committed);
  expect(await bench()).toBe('');
  expect(readFileSync(at(table), 'utf8')).toBe(drawn);
});
