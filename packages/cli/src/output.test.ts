import { stripVTControlCharacters, styleText } from 'node:util';
import { counted } from '@bigrid/errors';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  facts,
  formatBytes,
  formatDuration,
  formatScore,
  paint,
  printable,
  shellQuoted,
  shorten,
  table,
} from './output.ts';

test('tables align columns, also with heads of two lines', () => {
  const columns = [{ head: 'name' }, { head: 'pixel\nAP', align: 'right' }] as const;
  const rows = [
    ['a', '1.5'],
    ['longer', '22.25'],
  ];
  expect(table(columns, rows).split('\n')).toEqual([
    'name    pixel',
    '           AP',
    'a         1.5',
    'longer  22.25',
  ]);
});

test('facts keep further lines below the first', () => {
  expect(
    facts([
      ['a', '1'],
      ['long', '2\n3'],
    ]),
  ).toBe('  a     1\n  long  2\n        3');
});

test('long paths are cut in the middle and keep their end', () => {
  expect(shorten('short.png', 20)).toBe('short.png');
  const cut = shorten('/data/products/flange/test/scratch/000.png', 24);
  expect(cut).toHaveLength(24);
  expect(cut).toMatch(/^\/data.*….*scratch\/000\.png$/);
});

test('scores have as many decimals as their threshold needs', () => {
  expect(formatScore(0.0123456, 0.000878)).toBe('0.012346');
  expect(formatScore(4.26159, 4.3)).toBe('4.262');
  expect(formatScore(0, 0)).toBe('0.000');
  expect(formatScore(1e-30, 1e-30)).toBe('0.000000000000');
});

test('durations, sizes and numbers of things', () => {
  expect([0, 59.6, 61, 3725].map(formatDuration)).toEqual(['0:00', '1:00', '1:01', '1:02:05']);
  expect([10, 4_549_000, 10_368_836].map(formatBytes)).toEqual(['1 kB', '4.5 MB', '10.4 MB']);
  expect([counted(1, 'image'), counted(2, 'image')]).toEqual(['1 image', '2 images']);
});

test('paths are quoted if a shell would split them', () => {
  expect(shellQuoted('a/b-1.onnx')).toBe('a/b-1.onnx');
  expect(shellQuoted("my part's")).toBe("'my part'\\''s'");
});

describe('names with control characters', () => {
  afterEach(() => vi.unstubAllEnvs());
  const name = fc
    .array(
      fc.constantFrom(
        ...['\u001b[31m', '\u001b[2J', '\u009b8m', '\r', '\b', '\0', '\u007f', '\u202e'],
        ...['a', 'ä', '零', '🔩', ' ', '\\', '|', '[1m'],
      ),
    )
    .map((parts) => parts.join(''));
  /** Parsed as JSON, the printed text is the name again. */
  const readBack = (text: string) => JSON.parse(`"${text.replaceAll(/\\(?!u00|u202)/g, '\\\\')}"`);

  test.each(['0', '1'])('are escaped with and without colours (%s)', (colours) => {
    vi.stubEnv('FORCE_COLOR', colours);
    const [before = '', after = ''] = styleText(['red', 'bold'], '|', {
      stream: process.stderr,
    }).split('|');
    expect(before !== '').toBe(colours === '1');
    fc.assert(
      fc.property(name, (text) => {
        expect(readBack(printable(text))).toBe(text);
        expect(printable(text)).toMatch(/^\P{Cc}*$/u);
        expect(printable(paint(['red', 'bold'], text, process.stderr))).toBe(
          `${before}${printable(text)}${after}`,
        );
      }),
    );
  });

  test('fill one line of a table, in which colours have no width', () => {
    vi.stubEnv('FORCE_COLOR', '1');
    const rows = [
      [paint('red', 'a\nb'), '1'],
      ['\u001b[8mlong', '2'],
    ];
    const lines = printable(table([{ head: 'name' }, { head: 'x' }], rows)).split('\n');
    expect(lines.map(stripVTControlCharacters)).toEqual([
      'name           x',
      'a\\u000ab       1',
      '\\u001b[8mlong  2',
    ]);
  });
});
