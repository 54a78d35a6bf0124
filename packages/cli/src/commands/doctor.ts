import { stat } from 'node:fs/promises';
import { counted, fail } from '@bigrid/errors';
import {
  checkBundle,
  checkData,
  checkMachine,
  type Device,
  type Diagnosis,
  type Finding,
} from '@bigrid/node';
import { systemPath } from '@bigrid/node/internal';
import type { Command } from 'commander';
import { addFlags, machineFields, s3RootFlag } from '../flags.ts';
import { facts, paint, print } from '../output.ts';
import { showProgress } from '../progress.ts';
import { inFlags } from '../remedies.ts';
import type { Context } from '../run.ts';

interface DoctorFlags {
  readonly json?: boolean;
  readonly s3Root?: string;
  readonly device?: Device;
  readonly threads?: number;
  readonly quiet?: boolean;
}

/** Maximum number of images named per finding; the rest are counted. */
const MOST_NAMED = 10;
/** Maximum number of similar images named on one line. */
const MOST_ALIKE = 4;

export function define(command: Command, context: Context): void {
  command
    .argument('[path]', 'model file (.onnx) or folder of images (default: this machine)')
    .option(...s3RootFlag)
    .option('--json', 'Print everything as JSON');
  addFlags(command, machineFields)
    .option('--quiet', 'Print only the results')
    .addHelpText(
      'after',
      `
Machine: installed versions, free space, and whether the engine computes
correctly. With --device also how fast, compared with the processor.
Model file: whether it opens and runs, and what its threshold is based on.
With --device also how fast it inspects.
Images: copies and near-duplicates, sizes, colour, exposure, unreadable files,
and good images that look unlike the rest.

Exit code: 0 if there are only notes; 1 if something has to be fixed.

Examples:
  $ bigrid doctor
  $ bigrid doctor parts.onnx --device webgpu
  $ bigrid doctor parts/ --json | jq '.findings[] | select(.level == "fix")'`,
    )
    .action((path: string | undefined, flags: DoctorFlags) => examine(path, flags, context));
}

async function examine(
  path: string | undefined,
  { json, quiet, s3Root, ...machine }: DoctorFlags,
  { signal }: Context,
): Promise<void> {
  const progress = showProgress({ quiet });
  let diagnosis: Diagnosis;
  try {
    let advance: ((done: number) => void) | undefined;
    const onImage = (done: number, total: number) => {
      advance ??= progress.count('checking', total);
      advance(done);
    };
    if (path === undefined) diagnosis = await checkMachine(machine);
    else if (await isBundle(path)) diagnosis = await checkBundle(path, machine);
    else diagnosis = await checkData(path, { ...machine, s3Root, signal, onImage });
    diagnosis = inCommands(diagnosis);
  } finally {
    progress.finish();
  }
  const { findings } = diagnosis;
  if (json) print(JSON.stringify({ path, ...diagnosis }, undefined, 2));
  else print(...describe(path ?? 'this machine', diagnosis));
  const wrong = findings.filter(({ level }) => level === 'fix').length;
  if (wrong > 0) {
    fail(
      'CHECK_FAILED',
      `Expected nothing to fix in ${path ?? 'this machine'} but received ${counted(wrong, 'finding')} to fix`,
    );
  }
}

/** Files that do not list images are taken for model files: checking them says if they are something else. */
async function isBundle(path: string): Promise<boolean> {
  if (/\.(manifest|jsonl|json|csv)$/i.test(path)) return false;
  return stat(systemPath(path)).then(
    (found) => found.isFile(),
    () => /\.onnx$/i.test(path),
  );
}

/** The diagnosis with options of the API as flags, and its functions as commands. */
function inCommands({ facts: known, findings, ...rest }: Diagnosis): Diagnosis {
  return {
    ...rest,
    facts: known.map(([name, value]) => [name, inFlags(value)]),
    findings: findings.map(({ remedy, ...finding }) => ({
      ...finding,
      remedy: remedy && inFlags(remedy),
    })),
  };
}

function describe(name: string, diagnosis: Diagnosis): string[] {
  const { findings } = diagnosis;
  const [fixes, notes] = (['fix', 'note'] as const).map(
    (wanted) => findings.filter(({ level }) => level === wanted).length,
  ) as [number, number];
  const verdict =
    fixes > 0
      ? paint(['red', 'bold'], `${counted(fixes, 'problem')} to fix`)
      : notes > 0
        ? `nothing to fix, ${counted(notes, 'note')}`
        : paint('green', 'no problems');
  const width = Math.max(...findings.map(({ check }) => check.length));
  return [
    `${paint('bold', name)}: ${verdict}`,
    ...(diagnosis.facts.length > 0 ? ['', facts(diagnosis.facts)] : []),
    '',
    ...findings.flatMap((finding) => lines(finding, width)),
  ];
}

const marks = {
  ok: () => paint('green', 'ok  '),
  note: () => paint('yellow', 'note'),
  fix: () => paint(['red', 'bold'], 'FIX '),
};

function lines({ level, check, message, remedy, paths = [] }: Finding, width: number): string[] {
  const indent = ' '.repeat(width + 10);
  const named = paths.slice(0, MOST_NAMED).map((group) => {
    const others = group.length - MOST_ALIKE;
    const few = group.slice(0, MOST_ALIKE).join(' = ');
    return others > 0 ? `${few} = ${counted(others, 'other')}` : few;
  });
  const more = paths.length - named.length;
  return [
    `  ${marks[level]()}  ${check.padEnd(width)}  ${message}`,
    ...named.map((text) => `${indent}  ${text}`),
    ...(more > 0 ? [`${indent}  and ${more} more`] : []),
    ...(remedy ? [`${indent}${paint('dim', `-> ${remedy}`)}`] : []),
  ];
}
