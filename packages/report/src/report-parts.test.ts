import { describe, expect, it } from 'vitest';
import { exampleManifest } from '../../inspect/testing/example-manifest.ts';
import { countAt, type ScoreRow } from './client/counts.ts';
import { scriptText } from './client-files.ts';
import { commonFolder, formatCount, formatMetric, formatPercent, formatScore } from './format.ts';
import { breakable, html, jsonFor, markup } from './html.ts';
import { maskOutline } from './outline.ts';
import { axisTicks, histogram, onAxis, scoreAxisOf, tickLabel } from './score-axis.ts';
import { thresholdMeaning } from './summary-section.ts';

describe('html', () => {
  it('escapes text and takes markup, lists and nothing as they are', () => {
    const items = ['<a>', '"b"'].map((item) => html`<li title="${item}">${item}</li>`);
    expect(html`<ul>${items}${undefined}${false}${markup('<hr>')}${0}</ul>`.text).toBe(
      '<ul><li title="&lt;a&gt;">&lt;a&gt;</li><li title="&quot;b&quot;">&quot;b&quot;</li><hr>0</ul>',
    );
  });

  it('breaks names behind separators alone, and escapes them', () => {
    expect(breakable('a/b_c-d e<f').text).toBe('a/<wbr>b_<wbr>c-<wbr>d e&lt;f');
  });

  it('writes data that cannot end its element', () => {
    expect(jsonFor({ a: '</script><!--' }).text).toBe('{"a":"\\u003c/script>\\u003c!--"}');
  });
});

describe('numbers', () => {
  it.each([
    [0.076462, '0.0765'],
    [1234.5, '1230'],
    [-0.5, '−0.500'],
    [0, '0.00'],
    [4.12e-9, '4.12e−9'],
    [Number.NaN, '–'],
    [Number.POSITIVE_INFINITY, '∞'],
  ])('writes the score %s as %s', (score, text) => expect(formatScore(score)).toBe(text));

  it('never rounds a metric up to 1 or a share to all or nothing', () => {
    expect(formatMetric(1)).toBe('1.000');
    expect(formatMetric(0.99996)).toBe('> 0.999');
    expect(formatMetric(0.9994)).toBe('0.999');
    expect(formatPercent(999, 1000)).toBe('99 %');
    expect(formatPercent(1, 1000)).toBe('< 1 %');
    expect(formatPercent(0, 0)).toBe('–');
    expect(formatCount(1234567)).toBe('1,234,567');
  });

  it('finds the folder that paths share', () => {
    expect(commonFolder(['/a/bc/1.png', '/a/bd/1.png'])).toBe('/a/');
    expect(commonFolder(['C:\\a\\b\\1.png', 'C:\\a\\b\\2.png'])).toBe('C:\\a\\b\\');
    expect(commonFolder(['/a/1.png'])).toBe('/a/');
    expect(commonFolder(['1.png', 'a/1.png'])).toBe('');
    expect(commonFolder([])).toBe('');
  });
});

describe('axis of scores', () => {
  it('is linear for scores of one size and logarithmic for scores of many', () => {
    expect(scoreAxisOf([1, 2, 10], 5).logarithmic).toBe(false);
    expect(scoreAxisOf([0.001, 1], 0.5).logarithmic).toBe(true);
    expect(scoreAxisOf([0, 1000], 5).logarithmic).toBe(false);
  });

  it('has room even when all scores are the same, or none is a number', () => {
    for (const scores of [[0], [0.5, 0.5], [Number.NaN], []]) {
      const axis = scoreAxisOf(scores, scores[0] || 0);
      expect(axis.high).toBeGreaterThan(axis.low);
    }
  });

  it('labels round places', () => {
    const labels = (scores: readonly number[], wanted: number) => {
      const axis = scoreAxisOf(scores, scores[0] as number);
      return axisTicks(axis, wanted).map((tick) => tickLabel(axis, tick));
    };
    expect(labels([0, 1], 5)).toEqual(['0', '0.2', '0.4', '0.6', '0.8', '1']);
    expect(labels([0.001, 1], 4)).toEqual(['0.001', '0.01', '0.1', '1']);
    expect(labels([0.04, 1], 9)).toEqual(['0.05', '0.1', '0.2', '0.5', '1']);
    expect(labels([1e-12, 1], 4).length).toBeLessThanOrEqual(5);
  });

  it('puts every number into a bin', () => {
    const axis = scoreAxisOf([0, 1], 0.5);
    const scores = [0, 0.5, 1, Infinity, -Infinity, Number.NaN];
    expect(histogram(axis, scores, 4)).toEqual([2, 0, 1, 2]);
    expect(onAxis(axis, Infinity)).toBe(axis.high);
  });
});

describe('outline of a mask', () => {
  const pathOf = (rows: readonly string[]) => {
    const mask = Uint8Array.from(rows.join(''), (character) => (character === '#' ? 1 : 0));
    const { text } = maskOutline(mask, rows[0]?.length ?? 0, rows.length, 5000);
    return / d="([^"]*)"/.exec(text)?.[1];
  };

  it('goes through the middles of the outer edges', () => {
    expect(pathOf(['...', '.#.', '...'])).toBe('M3 2l1 1 -1 1 -1 -1z');
    expect(pathOf(['....', '.##.', '....'])).toBe('M3 2l2 0 1 1 -1 1 -2 0 -1 -1z');
  });

  it('follows holes and every region, those that touch at a corner as one', () => {
    const closed = (rows: readonly string[]) => pathOf(rows)?.match(/z/g)?.length;
    expect(closed(['#.#'])).toBe(2);
    expect(closed(['#.', '.#'])).toBe(1);
    expect(closed(['###', '#.#', '###'])).toBe(2);
    expect(closed(['##', '##'])).toBe(1);
  });

  it('stays small however ragged the mask', () => {
    const size = 256;
    const mask = Uint8Array.from({ length: size * size }, (_, i) => ((i * 7919) % 13 < 4 ? 1 : 0));
    // Single pixels, apart from each other.
    const specks = Uint8Array.from({ length: size * size }, (_, i) =>
      (i % size) % 8 === 0 && Math.floor(i / size) % 8 === 0 ? 1 : 0,
    );
    for (const longest of [25_000, 3000]) {
      for (const one of [mask, specks]) {
        const { length } = maskOutline(one, size, size, longest).text;
        expect(length).toBeLessThan(longest + 300);
        expect(length).toBeGreaterThan(150);
      }
    }
  });
});

describe('meaning of the threshold', () => {
  const { calibration } = exampleManifest;

  it('follows from the order of the scores held out', () => {
    const scores = Array.from({ length: 199 }, (_, i) => i);
    const ruled = { ...calibration, scores, rule: 'quantile:0.5', threshold: 99 };
    expect(thresholdMeaning(ruled)).toContain(
      'by the rule quantile:0.5 from the scores of 199 good images that training did not use',
    );
    expect(thresholdMeaning(ruled)).toContain('Expect at most about 1 in 2 normal images above it');
  });

  it('says where it comes from, and what it promises, whatever the rule', () => {
    const scores = [1, 2, 3, 4];
    const byHand = { ...calibration, scores, rule: '2.5', threshold: 2.5 };
    expect(thresholdMeaning(byHand)).toMatch(
      /set by hand; 2 of 4 good images that training did not use score above it\. Expect at most about 1 in 2 /,
    );
    const byRecall = { ...calibration, scores, rule: 'recall:0.95', threshold: 3 };
    expect(thresholdMeaning(byRecall)).toContain(
      'by the rule recall:0.95 from the scores of 4 good images that training did not use and of labelled defects.',
    );
    const measuredAt = '2026-07-04T12:30:45.000Z';
    const deviated = {
      ...calibration,
      scores,
      rule: 'sigma:3',
      threshold: 9,
      origin: 'given' as const,
      measuredAt,
    };
    expect(thresholdMeaning(deviated)).toMatch(
      /by the rule sigma:3 from the scores of 4 good images scored on 2026-07-04 12:30 UTC\. Expect at most about 1 in 5 normal images above it \(from 4 images given to calibration\)\.$/,
    );
    const doubting = { ...deviated, unsure: { rule: 'sigma:1', threshold: 4 } };
    expect(thresholdMeaning(doubting)).toMatch(/ It is unsure above 4\.00 \(sigma:1\)\. Expect /);
  });
});

describe('script of the page', () => {
  it.each(['explorer', 'viewer'] as const)(
    '%s has all that it imports, and no end of its element',
    (name) => {
      const script = scriptText(name);
      expect(script).toContain('function find(');
      expect(script).not.toMatch(/^import |<\/|sourceMappingURL/m);
    },
  );

  it('counts as the report does', () => {
    const scores: readonly ScoreRow[] = [
      [0.5, 0, 1],
      [0.6, 0, 1],
      [0.7, 1, 0],
      [null, 1, 0],
      [null, 1, 1],
    ];
    const sure = { unsureDefects: 0, unsureGood: 0 };
    const counts = { caught: 1, missed: 2, falsePositives: 1, passed: 1, ...sure };
    expect(countAt(scores, 0.5, null)).toEqual(counts);
    const first = { caught: 1, missed: 1, falsePositives: 0, passed: 0, ...sure };
    expect(countAt(scores, 0.5, null, 0)).toEqual(first);
    const second = { caught: 0, missed: 1, falsePositives: 1, passed: 1, ...sure };
    expect(countAt(scores, -1, null, 1)).toEqual(second);
    // Between both, the upper one included; nothing where the threshold is below doubt.
    const unsure = { caught: 0, missed: 2, falsePositives: 0, passed: 1 };
    const doubtful = { ...unsure, unsureDefects: 1, unsureGood: 1 };
    expect(countAt(scores, 0.7, 0.5)).toEqual(doubtful);
    expect(countAt(scores, 0.5, 0.6)).toEqual(counts);
  });
});
