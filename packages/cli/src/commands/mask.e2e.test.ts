import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import {
  bigrid,
  tiny,
  useTemporaryFolder,
  write,
  writeProduct,
} from '../../testing/command-line.ts';

const at = useTemporaryFolder();
let mask: string;

/** White around the spot of defective images, which is at 20..40 in both directions. */
async function maskBytes(): Promise<Buffer> {
  const white = sharp({ create: { width: 52, height: 52, channels: 3, background: 'white' } });
  return white.extend({ right: 12, bottom: 12, background: 'black' }).png().toBuffer();
}

beforeAll(async () => {
  mask = at('mask.png');
  await write(mask, await maskBytes());
  await writeProduct(at('part'));
  await bigrid('train', at('part'), '--out', at('plain.onnx'), ...tiny);
});

async function inspected(file: string, ...flags: string[]) {
  const words = ['inspect', at(file), at('part', 'test', 'spot', '0.png'), '--json', ...flags];
  const { stdout } = await bigrid(...words);
  return JSON.parse(stdout);
}

test('a model trained with a mask says so and ignores defects below it', async () => {
  await bigrid('train', at('part'), '--out', at('masked.onnx'), '--mask', mask, ...tiny);
  const [plain, masked] = [await inspected('plain.onnx'), await inspected('masked.onnx')];
  expect(masked.score).toBeLessThan(plain.score / 2);
  for (const { box } of masked.regions)
    expect(Math.max(box.x + box.width, box.y + box.height)).toBeGreaterThan(52);
  expect((await bigrid('info', at('masked.onnx'))).stdout).toMatch(/mask +66\.0 % of each image/);
  expect((await bigrid('info', at('plain.onnx'))).stdout).not.toContain('ignored');
});

test('inspect and evaluate take a mask for one run; the file stays unchanged', async () => {
  const before = await inspected('plain.onnx');
  const masked = await inspected('plain.onnx', '--mask', mask);
  expect(masked.score).toBeLessThan(before.score / 2);
  expect(await inspected('plain.onnx')).toEqual(before);
  const evaluated = async (...flags: string[]) =>
    (await bigrid('evaluate', at('plain.onnx'), at('part'), '--threshold', '0', ...flags)).stdout;
  expect(await evaluated('--mask', mask)).not.toBe(await evaluated());
});

test('calibrate keeps a mask in the new file', async () => {
  const out = at('calibrated.onnx');
  const words = ['calibrate', at('plain.onnx'), at('part'), '--mask', mask, '--out', out];
  expect((await bigrid(...words)).code).toBe(0);
  const [calibrated, masked] = [
    await inspected('calibrated.onnx'),
    await inspected('plain.onnx', '--mask', mask),
  ];
  expect(calibrated.score).toBe(masked.score);
  expect(calibrated.threshold).toBeLessThan(masked.threshold);
});

test('a folder has a mask per class: each class uses its own', async () => {
  for (const name of ['bolt', 'nut']) await writeProduct(at('shop', name));
  await write(at('masks', 'nut.png'), await maskBytes());
  const trained = ['train', at('shop'), '--mask', at('masks'), '--out', at('both.onnx'), ...tiny];
  expect((await bigrid(...trained)).code).toBe(0);
  expect((await bigrid('info', at('both.onnx'))).stdout).not.toContain('ignored');
  const metrics = async (...flags: string[]) => {
    const file = at('metrics.json');
    await bigrid('evaluate', at('both.onnx'), at('shop'), '--json', file, ...flags);
    const { classes } = JSON.parse(await readFile(file, 'utf8'));
    return classes;
  };
  const [plain, masked] = [await metrics(), await metrics('--mask', at('masks'))];
  expect(masked.bolt).toEqual(plain.bolt);
  expect(masked.nut).not.toEqual(plain.nut);
});

test('heat maps, reports and contact sheets hatch the ignored area', async () => {
  const spot = at('part', 'test', 'spot', '0.png');
  const drawn = async (name: string, ...flags: string[]) => {
    const words = ['inspect', at('plain.onnx'), spot, '--out', at(name), ...flags];
    expect((await bigrid(...words)).code).toBe(0);
    const { data } = await sharp(at(name, '0.png')).raw().toBuffer({ resolveWithObject: true });
    return (x: number, y: number) =>
      data
        .subarray(3 * (y * 64 + x))
        .subarray(0, 3)
        .join();
  };
  const [plain, hatched] = [await drawn('maps'), await drawn('hatched', '--mask', mask)];
  const differing = (y: number) =>
    Array.from({ length: 50 }, (_, x) => plain(x, y) !== hatched(x, y)).filter(Boolean).length;
  expect(differing(4)).toBe(50);
  expect(hatched(60, 60)).toBe(plain(60, 60));
  const page = async (...flags: string[]) => {
    await bigrid('evaluate', at('plain.onnx'), at('part'), '--report', at('r.html'), ...flags);
    return readFile(at('r.html'), 'utf8');
  };
  expect(await page()).not.toContain('hatched: ignored');
  expect(await page('--mask', mask)).toContain('hatched: ignored');
  const sheet = async (...flags: string[]) => {
    await bigrid('data', at('part'), '--sheet', at('sheet.jpg'), ...flags);
    return readFile(at('sheet.jpg'));
  };
  expect(await sheet('--mask', mask)).not.toEqual(await sheet());
  const { code, stderr } = await bigrid('data', at('part'), '--mask', mask);
  expect([code, stderr]).toEqual([64, expect.stringContaining('Expected --sheet FILE')]);
});

test.each([
  ['that is missing', 'nowhere.png', 'PATH_MISSING', 66],
  ['that is no image', 'text.png', 'IMAGE_UNREADABLE', 65],
  ['that is white all over', 'white.png', 'OPTION_INVALID: Expected a mask that leaves', 64],
  [
    'for no class',
    'strangers',
    'OPTION_INVALID: Expected masks named after the classes (part)',
    64,
  ],
  ['in an empty folder', 'empty', 'OPTION_INVALID: Expected masks named CLASS.png', 64],
] as const)('a mask %s is refused', async (_what, name, expected, exitCode) => {
  await write(at('text.png'), 'no image');
  const white = sharp({ create: { width: 8, height: 8, channels: 3, background: 'white' } });
  await write(at('white.png'), await white.png().toBuffer());
  await write(at('strangers', 'screw.png'), await maskBytes());
  await write(at('empty', '.keep'), '');
  const words = ['evaluate', at('plain.onnx'), at('part'), '--mask', at(name)];
  const { code, stderr } = await bigrid(...words);
  expect(stderr).toContain(`error ${expected}`);
  expect(code).toBe(exitCode);
});

test('calibrate cannot apply a mask without images', async () => {
  const words = ['calibrate', at('plain.onnx'), '--threshold', '3', '--mask', mask, '--out', mask];
  expect((await bigrid(...words)).stderr).toContain('OPTION_INVALID: Expected a folder of good');
});
