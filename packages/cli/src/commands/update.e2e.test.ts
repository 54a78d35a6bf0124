import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import {
  bigrid,
  interruptAt,
  isPlain,
  tiny,
  useTemporaryFolder,
  write,
  writeImages,
  writeProduct,
} from '../../testing/command-line.ts';

const at = useTemporaryFolder();
let model: string;
let told: string;

beforeAll(async () => {
  model = at('model.onnx');
  await writeProduct(at('part'));
  ({ stderr: told } = await bigrid('train', at('part'), '--out', model, ...tiny));
  // Spots that are declared good with --allow-suspect.
  await writeImages(at('alarms'), 4, true);
  await write(at('alarms', 'text.png'), 'not an image');
});

async function manifestOf(file: string) {
  return JSON.parse((await bigrid('info', file, '--json')).stdout).manifest;
}

/** Number of kept images of each kind in a folder. */
async function countKept(folder: string) {
  const [learnt, heldOut] = await Promise.all([
    readdir(join(folder, 'learnt')),
    readdir(join(folder, 'held-out')),
  ]);
  return { learnt: learnt.length, heldOut: heldOut.length };
}

test('training keeps images next to the model file, and says so and how to keep none', async () => {
  expect(told).toContain(
    `Good images for \`bigrid update\` were saved in ${at('model.replay')}; --replay 0 saves none.`,
  );
  expect(await countKept(at('model.replay'))).toEqual({ learnt: 6, heldOut: 2 });
  expect(await readdir(at('model.replay', 'held-out'))).toEqual(['0001.webp', '0002.webp']);
});

test('an update writes a new file with images next to it, and says what changed', async () => {
  const out = at('deep', 'new.onnx');
  const before = await readFile(model);
  const words = ['update', model, at('alarms'), '--allow-suspect', '--out', out, '--threads', '1'];
  const { code, stdout, stderr } = await bigrid(...words);
  expect([code, isPlain(stdout + stderr)]).toEqual([0, true]);
  for (const phase of ['reading 10/10', 'inspecting 7/7', 'grid 1/1', 'calibrating 6/6'])
    expect(stderr).toContain(phase);
  expect(stderr).toContain('Skipped 1 image that could not be read:');
  expect(stdout).toMatch(/^Wrote .*new\.onnx \(\d.* MB\) in 0:\d\d: 3 new good images learnt$/m);
  expect(stdout).toMatch(/^new, learnt +3 of 3 +\d of 3 +\d+\.\d+ +\d+\.\d+$/m);
  expect(stdout).toMatch(/^new, held out +1 of 1 +\d of 1 +\d+\.\d+ +\d+\.\d+$/m);
  expect(stdout).toMatch(/^old, held out +0 of 2 +0 of 2 +\d+\.\d+ +\d+\.\d+$/m);
  expect(stdout).toMatch(
    /^The threshold was \d+\.\d+ and is \d+\.\d+ \([+-]\d+\.\d %\), by quantile:0\.99 from 3 held-out good images\.$/m,
  );
  expect(await readFile(model)).toEqual(before);
  expect((await readdir(at('deep'))).sort()).toEqual(['new.onnx', 'new.replay']);
  expect(await countKept(at('deep', 'new.replay'))).toEqual({ learnt: 9, heldOut: 3 });
  expect(await countKept(at('model.replay'))).toEqual({ learnt: 6, heldOut: 2 });
  expect((await manifestOf(out)).updates).toMatchObject([{ images: 3, heldOut: 1 }]);
});

test('suspect images are not learnt without --allow-suspect, and reported with it', async () => {
  const out = at('broken', 'new.onnx');
  const words = ['update', model, at('alarms'), '--out', out];
  const refused = await bigrid(...words);
  expect(refused.stderr).toMatch(/^error SUSPECT_IMAGES: Expected good images but received$/m);
  expect(refused.stderr).toMatch(
    /^ {2}4 of 4 that score more than 4 times what good images reach/m,
  );
  expect(refused.stderr).toMatch(/^ {4}.*alarms\/\d\.png, \d[\d.]* times$/m);
  expect([refused.code, refused.stdout]).toEqual([65, '']);
  await expect(readdir(at('broken'))).rejects.toThrow('ENOENT');
  const insisted = await bigrid(...words, '--allow-suspect', '--quiet');
  expect(insisted.stderr).toMatch(/^Treated as good anyway:\n {2}4 of 4 that score/m);
  expect(insisted.code).toBe(0);
});

test('the new file may replace the old one, repeatedly', async () => {
  const own = at('own', 'part.onnx');
  await cp(model, own);
  await cp(at('model.replay'), at('own', 'part.replay'), { recursive: true });
  for (const learnt of [9, 12]) {
    const { code, stderr } = await bigrid(
      'update',
      own,
      at('alarms'),
      '--allow-suspect',
      '--out',
      own,
    );
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('error')]);
    expect((await readdir(at('own'))).sort()).toEqual(['part.onnx', 'part.replay']);
    expect((await countKept(at('own', 'part.replay'))).learnt).toBe(learnt);
  }
  expect((await manifestOf(own)).updates).toHaveLength(2);
});

test('--replay limits what is kept; 0 keeps nothing and removes what was kept', async () => {
  const out = at('few.onnx');
  await bigrid('train', at('part'), '--out', out, ...tiny, '--replay', '5', '--quiet');
  expect(await countKept(at('few.replay'))).toEqual({ learnt: 4, heldOut: 1 });
  const { stderr } = await bigrid('train', at('part'), '--out', out, ...tiny, '--replay', '0');
  expect(stderr).not.toContain('bigrid update');
  await expect(readdir(at('few.replay'))).rejects.toThrow('ENOENT');
  const refused = await bigrid('update', out, at('alarms'), '--out', at('never.onnx'));
  expect(refused.stderr).toMatch(/^error REPLAY_MISSING: Expected good images .*few\.replay/m);
  expect(refused.stderr).toContain('train again, or continue with `bigrid train --from`');
  expect(refused.code).toBe(66);
});

test('images removed from the folder are not needed', async () => {
  const own = at('pruned', 'part.onnx');
  await cp(model, own);
  await cp(at('model.replay'), at('pruned', 'part.replay'), { recursive: true });
  await rm(at('pruned', 'part.replay', 'learnt', '0003.webp'));
  const { code } = await bigrid('update', own, at('alarms'), '--allow-suspect', '--out', own);
  expect(code).toBe(0);
  expect((await countKept(at('pruned', 'part.replay'))).learnt).toBe(8);
  await rm(at('pruned', 'part.replay', 'held-out'), { recursive: true });
  const refused = await bigrid('update', own, at('alarms'), '--allow-suspect', '--out', own);
  expect([refused.code, refused.stderr]).toEqual([66, expect.stringContaining('REPLAY_MISSING')]);
});

test('images kept earlier are copied unchanged', async () => {
  const own = at('same', 'part.onnx');
  await cp(model, own);
  await cp(at('model.replay'), at('same', 'part.replay'), { recursive: true });
  const first = at('same', 'part.replay', 'learnt', '0001.webp');
  // The same image in a different file.
  const file = await sharp(await readFile(first))
    .webp({ lossless: true, effort: 6 })
    .toBuffer();
  await writeFile(first, file);
  const { code } = await bigrid(
    'update',
    own,
    at('alarms'),
    '--allow-suspect',
    '--out',
    at('same', 'new.onnx'),
  );
  expect(code).toBe(0);
  const folder = at('same', 'new.replay', 'learnt');
  const files = await Promise.all(
    (await readdir(folder)).map((name) => readFile(join(folder, name))),
  );
  expect(files).toHaveLength(9);
  expect(files.filter((one) => one.equals(file))).toHaveLength(1);
});

test.each([
  ['calibrated to another file', ['calibrate', '--threshold', '7']],
  ['exported to another file', ['export', '--int8']],
  ['renamed', undefined],
])('kept images are found by the model, also %s', async (_, words) => {
  const folder = at('found', words?.[0] ?? 'renamed');
  const other = join(folder, 'other name.onnx');
  await cp(at('model.replay'), join(folder, 'model.replay'), { recursive: true });
  // Folders of other models are next to it, one of them where its own would be.
  await mkdir(join(folder, 'a.replay'));
  await mkdir(join(folder, 'other name.replay'));
  await writeFile(join(folder, 'other name.replay', 'model.txt'), 'another\n');
  if (words) {
    const [command = '', ...flags] = words;
    expect((await bigrid(command, model, ...flags, '--out', other)).code).toBe(0);
  } else await cp(model, other);
  const update = [
    'update',
    other,
    at('alarms'),
    '--allow-suspect',
    '--out',
    join(folder, 'new.onnx'),
  ];
  expect(await bigrid(...update)).toMatchObject({ code: 0 });
  expect(await countKept(join(folder, 'new.replay'))).toEqual({ learnt: 9, heldOut: 3 });
  // The new model is different: it has learnt more than the old one.
  await rm(join(folder, 'new.replay'), { recursive: true });
  const again = ['update', join(folder, 'new.onnx'), at('alarms'), '--out', join(folder, 'x.onnx')];
  expect(await bigrid(...again)).toMatchObject({
    code: 66,
    stderr: expect.stringMatching(/^error REPLAY_MISSING: .*new\.replay/m),
  });
});

test('kept images of another model are learnt only if named', async () => {
  const own = at('swapped', 'part.onnx');
  await cp(model, own);
  const words = [
    'update',
    own,
    at('alarms'),
    '--allow-suspect',
    '--out',
    at('swapped', 'new.onnx'),
  ];
  await cp(at('model.replay'), at('swapped', 'part.replay'), { recursive: true });
  await writeFile(at('swapped', 'part.replay', 'model.txt'), 'another\n');
  const refused = await bigrid(...words);
  expect(refused.stderr).toMatch(/^error REPLAY_MISSING: .*received those of another model/m);
  expect(refused.stderr).toContain('name it with `--replay DIR`');
  expect(refused.code).toBe(66);
  const named = await bigrid(...words, '--replay', at('model.replay'), '--replay', '6');
  expect(named).toMatchObject({ code: 0 });
  expect(await countKept(at('swapped', 'new.replay'))).toEqual({ learnt: 4, heldOut: 2 });
});

test('kept images are ignored in a folder of images that contains them', async () => {
  await cp(at('model.replay'), at('today', 'part.replay'), { recursive: true });
  await writeImages(at('today'), 2);
  const { stdout } = await bigrid('inspect', model, at('today'), '--json');
  expect(stdout.trim().split('\n')).toHaveLength(2);
});

test('an unrelated folder is not touched', async () => {
  await write(at('taken.replay', 'diary.txt'), 'dear diary');
  const { code, stderr } = await bigrid('train', at('part'), '--out', at('taken.onnx'), ...tiny);
  expect(stderr).toMatch(/^error OUTPUT_UNWRITABLE: .*received diary\.txt/m);
  expect(code).toBe(73);
  expect(await readdir(at('taken.replay'))).toEqual(['diary.txt']);
});

test.each([
  ['a folder that is missing', ['nowhere'], 'PATH_MISSING', 66],
  ['a number of images out of range', ['alarms', '--replay', '-1'], 'OPTION_INVALID', 64],
  ['a folder without a readable image', ['text'], 'DATA_NO_GOOD', 65],
] as const)(
  '%s is refused, and nothing is written',
  async (_what, [dir, ...flags], error, exit) => {
    await write(at('text', 'a.png'), 'no image');
    const out = at('refused', 'new.onnx');
    const { code, stdout, stderr } = await bigrid('update', model, at(dir), '--out', out, ...flags);
    expect(stderr).toContain(`error ${error}`);
    expect([code, stdout]).toEqual([exit, '']);
    await expect(readdir(at('refused'))).rejects.toThrow('ENOENT');
  },
);

test('an output that cannot be written is refused before anything is learnt', async () => {
  const out = join(model, 'x');
  const { code, stderr } = await bigrid('update', model, at('alarms'), '--out', out);
  expect(stderr).toMatch(/^error OUTPUT_UNWRITABLE: /);
  expect(code).toBe(73);
});

test('an interruption leaves only the old model and its images', async () => {
  const own = at('stopped', 'part.onnx');
  await cp(model, own);
  await cp(at('model.replay'), at('stopped', 'part.replay'), { recursive: true });
  const words = ['update', own, at('alarms'), '--allow-suspect', '--out', own];
  const { code } = await interruptAt((output) => output.includes('reading'), words);
  expect(code).toBe(130);
  expect((await readdir(at('stopped'))).sort()).toEqual(['part.onnx', 'part.replay']);
  expect(await readFile(own)).toEqual(await readFile(model));
  expect(await countKept(at('stopped', 'part.replay'))).toEqual({ learnt: 6, heldOut: 2 });
});
