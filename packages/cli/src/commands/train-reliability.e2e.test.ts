import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, cp, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  bigrid,
  bin,
  type Ended,
  ended,
  start,
  tiny,
  useTemporaryFolder,
  write,
  writeImages,
} from '../../testing/command-line.ts';

// Each test runs the command line two or three times.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const at = useTemporaryFolder();
const flags = [...tiny, '--epochs', '6', '--global-resolution', '2', '--checkpoint-seconds', '0'];
/** Progress of a run that has read all images. */
const resumedReading = /^reading 8\/8, in/;
let whole: string;

beforeAll(async () => {
  await writeImages(at('part', 'good'), 8);
  expect((await bigrid('train', at('part'), '--out', at('whole.onnx'), ...flags)).code).toBe(0);
  whole = await withoutDate(at('whole.onnx'));
});

async function withoutDate(file: string): Promise<string> {
  return (await readFile(file, 'latin1')).replace(/"createdAt":"[^"]*"/, '');
}

const train = (out: string, ...more: string[]) => [
  'train',
  at('part'),
  '--out',
  out,
  ...flags,
  ...more,
];
const stateSize = (out: string) =>
  stat(`${out}.checkpoint/state`).then(
    ({ size }) => size,
    () => 0,
  );

/** Kills a training as soon as a condition holds. */
async function killWhen(isTime: (stderr: string) => Promise<boolean>, words: readonly string[]) {
  const child = start(words);
  let stderr = '';
  child.stderr?.on('data', (text) => {
    stderr += text;
  });
  const end = ended(child);
  while (child.exitCode === null && !(await isTime(stderr))) await setTimeout(5);
  child.kill('SIGKILL');
  expect((await end).code).toBe(137);
}

describe('a training that is killed', () => {
  const out = (name: string) => at(name, 'model.onnx');

  test.each([
    ['while it reads', async () => (await stateSize(out('reads'))) > 0, 'reads'],
    ['at a step', async () => (await stateSize(out('steps'))) > 100_000, 'steps'],
    ['after the last step', async (said: string) => /grid (\d+)\/\1\b/.test(said), 'builds'],
  ] as const)('%s goes on with --resume to the same bundle', async (_, isTime, name) => {
    await killWhen(isTime, train(out(name)));
    expect(await readdir(at(name))).toEqual(['model.onnx.checkpoint']);
    const { code, stderr } = await bigrid(...train(out(name), '--resume'));
    expect(code).toBe(0);
    // How much was read by the first kill depends on the machine; by the others, everything was.
    if (name !== 'reads') expect(stderr).toMatch(resumedReading);
    expect((await withoutDate(out(name))) === whole).toBe(true);
    expect((await readdir(at(name))).sort()).toEqual(['model.onnx', 'model.replay']);
  });

  test('is refused with other options, and starts over without --resume', async () => {
    await killWhen(async () => (await stateSize(out('other'))) > 0, train(out('other')));
    const reseeded = await bigrid(...train(out('other'), '--resume', '--seed', '9'));
    expect(reseeded.code).toBe(65);
    expect(reseeded.stderr).toMatch(/error CHECKPOINT_MISMATCH: .*\n {2}seed: 0 before, 9 now\n/);
    // How fast it reads does not show whether it starts over; accepting another seed does.
    for (const name of ['other', 'undisturbed'])
      expect((await bigrid(...train(out(name), '--seed', '9'))).code).toBe(0);
    const again = await withoutDate(out('other'));
    expect(again === whole).toBe(false);
    expect(again === (await withoutDate(out('undisturbed')))).toBe(true);
  });
});

test.skipIf(process.platform === 'win32')(
  'a second training of the same file is refused while the first goes on',
  async () => {
    const out = at('twice', 'model.onnx');
    const first = start(train(out));
    const end = ended(first);
    while ((await stateSize(out)) === 0) await setTimeout(5);
    first.kill('SIGSTOP');
    const second = await bigrid(...train(out, '--resume'));
    first.kill('SIGCONT');
    expect(second.code).toBe(75);
    expect(second.stderr).toMatch(
      /^error IN_USE: Expected \S+ to be free but .*\n {2}Stop the other process/,
    );
    expect((await end).code).toBe(0);
    expect((await withoutDate(out)) === whole).toBe(true);
  },
);

describe.skipIf(process.platform === 'win32')('a disk without room', () => {
  /** Limits the file size, which a program sees as a full disk. */
  const limited = (blocks: number, words: readonly string[]): ChildProcess =>
    spawn('sh', ['-c', `ulimit -f ${blocks}; exec "$0" "$@"`, process.execPath, bin, ...words]);

  test.each([
    ['for features', 64, 'features'],
    ['for the checkpoint', 1000, 'state'],
    ['for the bundle', 6600, 'model.onnx'],
  ])('%s ends a training and damages nothing', async (_, blocks, file) => {
    const folder = `full-${blocks}`;
    const out = at(folder, 'model.onnx');
    await write(out, 'the old one');
    const { code, stderr } = await ended(limited(blocks, train(out)));
    expect(stderr).toMatch(
      new RegExp(`error OUTPUT_UNWRITABLE: Expected to write \\S*${file} but .*EFBIG`),
    );
    expect(stderr).toContain('add --resume to continue');
    expect(code).toBe(73);
    expect(await readFile(out, 'utf8')).toBe('the old one');
    expect(await readdir(at(folder))).toEqual(['model.onnx', 'model.onnx.checkpoint']);
    const kept = await readdir(`${out}.checkpoint`);
    expect(kept.sort()).toEqual(['features', 'state', 'training.json']);
  });

  test('loses nothing of a training once there is space again', async () => {
    const out = at('full-6600', 'model.onnx');
    expect((await bigrid(...train(out, '--resume'))).stderr).toMatch(resumedReading);
    expect((await withoutDate(out)) === whole).toBe(true);
  });
});

/** A way to start commands. */
interface Person {
  /** Words before the command. */
  readonly through: readonly string[];
  readonly ids?: { readonly uid: number; readonly gid: number };
}

/** Permissions do not apply to the superuser, as whom containers run: then another user is needed. */
const people: readonly Person[] = [
  { through: [] },
  // Still the owner of a checkout in a private folder, which others could not read at all.
  { through: ['setpriv', '--inh-caps=-all', '--bounding-set=-dac_override,-dac_read_search'] },
  { through: [], ids: { uid: 65534, gid: 65534 } },
];

function startAs({ through, ids }: Person, words: readonly string[]): Promise<Ended> {
  const [command = '', ...rest] = [...through, process.execPath, bin, ...words];
  return ended(spawn(command, rest, { ...ids, cwd: '/' }));
}

/** Whether the command line runs as this user and permissions apply to it. */
async function isRefused(person: Person): Promise<boolean> {
  const { stderr } = await startAs(person, ['info', at('forbidden.onnx')]);
  return /^error PATH_UNREADABLE: .*EACCES/.test(stderr);
}

describe.skipIf(process.platform === 'win32')('without permission', () => {
  let person: Person | undefined;
  beforeAll(async () => {
    await chmod(dirname(at()), 0o755);
    await write(at('forbidden.onnx'), '');
    await chmod(at('forbidden.onnx'), 0);
    for (const one of people)
      if (person === undefined && (await isRefused(one).catch(() => false))) person = one;
  });
  beforeEach(({ skip }) => skip(person === undefined, 'permissions apply to no user here'));
  const asPerson = (words: readonly string[]) => startAs(person as Person, words);

  test('to write into the folder, nothing is read and nothing is left', async () => {
    await mkdir(at('locked'), { mode: 0o555 });
    const { code, stderr } = await asPerson(train(at('locked', 'model.onnx')));
    expect(stderr).toMatch(
      /^error OUTPUT_UNWRITABLE: .*permission denied \(EACCES\)\n {2}Choose a writable place/,
    );
    expect(code).toBe(73);
    expect(await readdir(at('locked'))).toEqual([]);
  });

  test('to read an image, it is skipped and named', async () => {
    await cp(at('part'), at('secret'), { recursive: true });
    await chmod(at('secret', 'good', '3.png'), 0);
    await mkdir(at('open'));
    await chmod(at('open'), 0o777);
    const words = ['train', at('secret'), '--out', at('open', 'model.onnx'), ...flags];
    const { code, stderr } = await asPerson(words);
    expect(stderr).toMatch(/Skipped 1 image that could not be read:\n.*3\.png.*EACCES/);
    expect(code).toBe(0);
  });
});
