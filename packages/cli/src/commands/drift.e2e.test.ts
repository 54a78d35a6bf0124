import { appendFile, readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import {
  bigrid,
  imageBytes,
  isPlain,
  trainTiny,
  useTemporaryFolder,
  write,
} from '../../testing/command-line.ts';

const at = useTemporaryFolder();
let model: string;

beforeAll(async () => {
  model = await trainTiny(at, 24);
  for (let i = 0; i < 12; i++) {
    const image = await imageBytes(100 + i);
    await write(at('same', `${i}.png`), image);
    await write(at('dark', `${i}.png`), await sharp(image).linear(0.8, 0).png().toBuffer());
    await write(at('blurred', `${i}.png`), await sharp(image).blur(1).png().toBuffer());
  }
  for (const name of ['same', 'dark', 'blurred']) {
    await bigrid('inspect', model, at(name), '--log', at('logs', `${name}.jsonl`));
  }
  await bigrid('inspect', model, at('same'), at('dark'), '--log', at('logs', 'half.jsonl'));
}, 180_000);

/** Image measures that moved, largest first; scores of such a small model mean little. */
async function moved(log: string): Promise<string[]> {
  const { stdout } = await bigrid('drift', model, at('logs', log), '--json');
  const { measures } = JSON.parse(stdout) as { measures: { name: string; moved: boolean }[] };
  return measures.filter((one) => one.moved && one.name !== 'score').map(({ name }) => name);
}

test('every inspection adds a line to the log', async () => {
  const lines = (await readFile(at('logs', 'same.jsonl'), 'utf8')).trimEnd().split('\n');
  expect(lines).toHaveLength(12);
  const first = JSON.parse(lines[0] as string);
  expect(first.path).toBe(at('same', '0.png'));
  expect(Object.keys(first.statistics)).toEqual([
    ...['brightness', 'contrast', 'sharpness', 'red', 'blue'],
  ]);
});

test('names the measures that moved, and none if none did', async () => {
  expect(await moved('same.jsonl')).toEqual([]);
  expect((await moved('dark.jsonl'))[0]).toBe('brightness');
  expect(await moved('blurred.jsonl')).toContain('sharpness');
});

test('a table shows before, now and what to do; a page charts it', async () => {
  const page = at('drift.html');
  const words = ['drift', model, at('logs', 'dark.jsonl'), '--last', '10', '--report', page];
  const { code, stdout, stderr } = await bigrid(...words);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^10 inspections compared: drifted since calibration$/m);
  expect(stdout).toMatch(/^brightness .* darker by \d+\.\d deviations$/m);
  expect(stdout).toMatch(/^share of red .* unchanged$/m);
  expect(stdout).toContain('Brightness: check lamps');
  expect(stderr).toContain(`Wrote ${page}`);
  expect(isPlain(stdout + stderr)).toBe(true);
  const html = await readFile(page, 'utf8');
  expect(html).toContain('Moved since calibration: ');
  expect(html.match(/<figure /g)).toHaveLength(6);
  expect(html).not.toContain('<script');
});

test('a change in half of the images is detected, and reported as such', async () => {
  const page = at('half.html');
  const { stdout } = await bigrid('drift', model, at('logs', 'half.jsonl'), '--report', page);
  expect(stdout).toMatch(/^24 inspections compared: drifted since calibration$/m);
  expect(stdout).toMatch(/^brightness .* 1\d of 24 .* darker in 12 of 24$/m);
  expect(stdout).toContain('Only some images: check whether they share a lamp');
  expect(await readFile(page, 'utf8')).toMatch(/1\d of 24 outside the band, 1\.9 expected/);
  const { stdout: json } = await bigrid('drift', model, at('logs', 'half.jsonl'), '--json');
  const { measures } = JSON.parse(json);
  const { outside, isMixed } = measures.find(({ name }: { name: string }) => name === 'brightness');
  expect([outside.below, isMixed]).toEqual([12, true]);
  expect(outside.probability).toBeLessThan(0.01 / 12);
});

test('truncated lines and lines of other models or unreadable images are ignored, and counted', async () => {
  const log = at('logs', 'mixed.jsonl');
  await write(at('broken', 'cut.png'), 'no image');
  await bigrid('inspect', model, at('same'), at('broken'), '--log', log);
  const line = (await readFile(log, 'utf8')).split('\n')[1] as string;
  const other = JSON.stringify({ ...JSON.parse(line), model: 'another' });
  // The last line is being written, or was truncated.
  await appendFile(log, `${other}\n${line.slice(0, 40)}`);
  const { code, stdout } = await bigrid('drift', model, log);
  expect(code).toBe(0);
  expect(stdout).toContain('12 inspections compared');
  expect(stdout).toContain('Ignored 1 inspection by other models.');
  expect(stdout).toContain('Ignored 2 lines without a score.');
});

test('a file that is not a log, or a log that is too short, is refused with a remedy', async () => {
  await write(at('text.jsonl'), 'hello\nyou\n');
  const text = await bigrid('drift', model, at('text.jsonl'));
  expect([text.code, text.stderr]).toEqual([65, expect.stringContaining('error LOG_INVALID')]);
  const lines = (await readFile(at('logs', 'same.jsonl'), 'utf8')).split('\n');
  await write(at('short.jsonl'), lines.slice(0, 3).join('\n'));
  const short = await bigrid('drift', model, at('short.jsonl'));
  expect([short.code, short.stderr]).toEqual([
    65,
    expect.stringContaining('at least 10 inspections with this model in the log but received 3'),
  ]);
  expect((await bigrid('drift', model, at('none.jsonl'))).code).toBe(66);
  expect((await bigrid('inspect', model, at('same'), '--log', at('same'))).code).toBe(73);
});

test('--fail exits with 3 if a measure moved, with the same output', async () => {
  const words = ['drift', model, at('logs', 'dark.jsonl')];
  const [plain, failing] = [await bigrid(...words), await bigrid(...words, '--fail')];
  expect([plain.code, failing.code]).toEqual([0, 3]);
  expect(failing.stdout).toBe(plain.stdout);
  expect(failing.stderr).toMatch(
    /^error DRIFT_FOUND: .* received drifted ones: .*brightness.* moved$/m,
  );
  const { drifted } = JSON.parse(
    (await bigrid('drift', model, at('logs', 'same.jsonl'), '--json')).stdout,
  );
  const same = await bigrid('drift', model, at('logs', 'same.jsonl'), '--fail', '--quiet');
  expect(same.code).toBe(drifted ? 3 : 0);
});
