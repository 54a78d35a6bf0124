import type { EvaluatedImage } from '@bigrid/inspect';
import { drawThumbnail } from '@bigrid/node';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  eachMetric,
  evaluated,
  intervalsOf,
  exampleManifest as manifest,
  noisyImage,
  render,
  exampleEvaluation as sample,
  seen,
  square,
} from '../testing/example-report.ts';
import { InspectionReport } from './inspection-report.ts';
import { Report } from './report.ts';
import { charactersForOneOf, thumbnailOf } from './thumbnail.ts';

/** The page without its images: quicker to search. */
const withoutData = (page: string) => page.replaceAll(/data:image\/[^"]*/g, 'data:');
const cardOf = (page: string, name: string) =>
  withoutData(page)
    .split('<article')
    .find((card) => card.includes(`/${name}.png`)) ?? '';

describe('Report', () => {
  let page = '';
  let text = '';
  beforeAll(async () => {
    page = await render(sample(), manifest, { title: 'Line <3>' });
    text = withoutData(page);
  });

  it('shows every image next to its heat map, the worst first', () => {
    expect(page.match(/data:image\/webp;base64,/g)).toHaveLength(16);
    const shown = [...text.matchAll(/data-title="[^"]*\/(\w+)\.png"/g)].map((match) => match[1]);
    expect(shown).toEqual(['s0', 'd0', 'e1', 'g2', 's1', 'e0', 'g1', 'g0']);
  });

  it('draws the outline of the true defect where there is a mask', () => {
    for (const name of ['s0', 's1', 'd0', 'e0'])
      expect(cardOf(page, name)).toContain('class="truth"');
    for (const name of ['g0', 'e1']) expect(cardOf(page, name)).not.toContain('class="truth"');
  });

  it('counts verdicts at the threshold of the bundle', () => {
    expect(text).toContain('2 of 5 defective images detected, 1 false positive among 3 good.');
    const row = /<tr data-row="all">([\s\S]*?)<\/tr>/.exec(text)?.[1] ?? '';
    expect(row.match(/>\d+</g)?.join('')).toBe('>2<>3<>1<>2<');
    expect(cardOf(page, 'd0')).toContain('badge missed');
    expect(cardOf(page, 'g2')).toContain('badge false-positive');
  });

  it('marks, counts and shows what is unsure, where the bundle has a threshold for it', async () => {
    const unsure = { rule: '0.25', threshold: 0.25 };
    const calibration = { ...manifest.calibration, unsure };
    const doubting = await render(sample(), { ...manifest, calibration }, { title: 'Two' });
    const shown = [...doubting.matchAll(/data-title="[^"]*\/(\w+)\.png"/g)].map(([, name]) => name);
    expect(shown).toEqual(['g2', 's0', 'd0', 'e1', 's1', 'e0', 'g1', 'g0']);
    for (const name of ['s0', 'd0', 'e1']) expect(cardOf(doubting, name)).toContain('badge unsure');
    expect(withoutData(doubting)).toContain(
      '2 of 5 defective images detected, 1 false positive among 3 good. 3 are unsure: 3 defective, 0 good.',
    );
    const row = /<tr data-row="all">([\s\S]*?)<\/tr>/.exec(doubting)?.[1] ?? '';
    expect(row.match(/>\d+</g)?.join('')).toBe('>2<>3<>0<>1<>0<>2<');
    expect(doubting).toMatch(/--place:[\d.]+;--doubt:[\d.]+"/);
    expect(doubting.match(/class="doubt-line"/g)).toHaveLength(1);
    expect(doubting).toContain('<th scope="col">Detected</th><th scope="col">Unsure</th>');
    expect(text).not.toMatch(/class="doubt|>Unsure<|badge unsure|--doubt:/);
  });

  it('escapes what comes from files and folders', () => {
    expect(text).toContain('<title>Line &lt;3&gt;</title>');
    expect(text).toContain('gear &quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;');
    expect(text).toContain('received &lt;i&gt;half&lt;/i&gt;');
    expect(text).not.toContain('<script>alert');
    expect(text).not.toMatch(/<b>chip|<i>cut|<i>half/);
    // The data and the two scripts; nothing else.
    expect(text.match(/<script/g)).toHaveLength(3);
  });

  it('needs nothing from outside', () => {
    expect(text).not.toMatch(/https?:|\/\/\w+\.\w/);
    const sources = [...text.matchAll(/\b(?:src|href|action|data)="([^"]*)"/g)];
    expect(sources.length).toBeGreaterThan(10);
    for (const [, source] of sources) expect(source).toMatch(/^(#|data:)/);
    for (const [, source] of text.matchAll(/url\(([^)]*)\)/g)) expect(source).toMatch(/^#/);
    expect(text).toContain('default-src &#39;none&#39;');
    expect(text).not.toMatch(/@import|<link|<iframe/);
  });

  it('shows a dash and the reason where a metric is not defined', () => {
    const shown = text.replaceAll(/<script[\s\S]*?<\/script>/g, '');
    expect(shown).not.toMatch(/NaN|undefined|\[object/);
    expect(text).toContain('whole images: there are no good test images to compare with.');
    expect(text).toContain(
      'Mean of AUROC, AP, F1 max, whole images: over 1 of 2 products, the others have no value.',
    );
    expect(text).not.toContain('Mean of AUROC, AP, F1 max, AUPRO, single pixels');
    expect(text).toContain('>0.988 <');
    expect(text).toContain('>&gt; 0.999 <');
  });

  it('shows the interval of each metric and says how it was made', () => {
    expect(text).toContain('>0.988 <small>.863–1.000</small><');
    expect(text).toContain('the 95 % interval of a bootstrap');
    expect(text).toMatch(/1,000 times for whole images, 200 times for pixels/);
  });

  it('shows recall, AUROC and AUPRO of each kind of defect', () => {
    const rows = [...text.matchAll(/<tr><th scope="row">[\s\S]*?<\/tr>/g)].map(([row]) =>
      row
        .replaceAll(/<[^>]*>/g, ' ')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    );
    expect(rows).toContain('scratch flange 2 1 1 50 % 0.833 0.877');
    expect(rows).toContain('dent flange 1 0 1 0 % 0.667 0.500');
    expect(rows.find((row) => row.includes('chip'))).toMatch(/2 1 1 50 % – 0.250 1 with a mask$/);
  });

  it('lists images that are missing from the numbers', () => {
    expect(text).toContain('1 image could not be read and is not counted.');
    expect(text).toContain('&lt;i&gt;cut&lt;/i&gt;.png');
    expect(text).toContain('<code>IMAGE_UNREADABLE</code>');
    expect(text).toMatch(/Without a usable mask[\s\S]*e1\.png/);
  });

  it('tells how the model came to be and what its threshold promises', () => {
    expect(text).toContain('2026-07-04 12:30 UTC');
    expect(text).toContain('1,234 (8 epochs)');
    expect(text).toContain(
      'above the threshold 0.500: the highest score of 3 good images that training did not use (quantile:0.99). Expect at most about 1 in 4',
    );
  });

  it('has curves of every class, without names that clash', () => {
    expect(text.match(/<figure class="chart">/g)).toHaveLength(6);
    expect(text).not.toContain('<style >');
    const ids = [...text.matchAll(/ id="([^"]*)"/g)].map((match) => match[1]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('is the same every time', async () => {
    expect(await render(sample(), manifest, { title: 'Line <3>' })).toBe(page);
  });

  it('names every image, table column and control for those who do not see them', () => {
    for (const [image] of text.matchAll(/<img [^>]*>/g)) expect(image).toMatch(/alt="[^"]+"/);
    for (const [header] of text.matchAll(/<th[ >][^>]*>/g)) expect(header).toContain('scope=');
    for (const [, button = ''] of text.matchAll(/<button([^>]*)>[^\w<]*</g)) {
      expect(button).toContain('aria-label=');
    }
  });
});

describe('Report at its edges', () => {
  it('shows as many images as wanted, the worst of all first, and counts all', async () => {
    const expected = { 0: [], 2: ['s0', 'e1'], 5: ['s0', 'd0', 'e1', 'g2', 'e0'] };
    for (const [most, names] of Object.entries(expected)) {
      const page = await render(sample(), manifest, {
        title: 'Few',
        maximumImages: Number(most),
      });
      const shown = [...page.matchAll(/data-title="[^"]*\/(\w+)\.png"/g)].map((match) => match[1]);
      expect(shown).toEqual(names);
      expect(page).toContain(`${most} of 8 images shown; the other`);
    }
  });

  it.each([
    [{ maximumImages: -1 }, /^Expected .+ for maximumImages but received -1$/],
    [{ maximumImages: 1.5 }, /^Expected .+ for maximumImages but received 1.5$/],
    [{ maximumImages: Number.NaN }, /^Expected .+ for maximumImages but received NaN$/],
    [{ title: 3 }, /^Expected .+ for title but received 3$/],
    [{ drawThumbnail: 'sharp' }, /^Expected a function for drawThumbnail but received "sharp"$/],
    [{ maximumImage: 8 }, /did you mean maximumImages\?\) but received maximumImage$/],
  ])('refuses %j', (wrong, message) => {
    const options = { drawThumbnail, title: 'x', ...wrong } as never;
    const refusal = expect.objectContaining({
      code: 'OPTION_INVALID',
      message: expect.stringMatching(message),
    });
    expect(() => new Report(manifest, options)).toThrow(refusal);
    expect(() => new InspectionReport(manifest, options)).toThrow(refusal);
  });

  it('throws what went wrong while an image was drawn', async () => {
    const [image] = sample().images as [EvaluatedImage];
    const right = await seen(image, 1);
    const wrong = { ...right, map: { ...right.map, width: 5 } };
    const report = new Report(manifest, { drawThumbnail, title: 'x' });
    await report.add(wrong);
    await expect(report.add(right)).rejects.toThrow(/^Expected 160 /);
    await expect(report.render(sample())).rejects.toThrow(/^Expected 160 /);
  });

  it('shows good images alone, and scores and thresholds that are no use', async () => {
    const good = sample().images.slice(0, 2);
    const odd = [
      { ...good[0], score: Number.NaN },
      { ...good[1], score: Number.POSITIVE_INFINITY },
    ] as EvaluatedImage[];
    const nothing = eachMetric(Number.NaN);
    const noCurve = {
      imageRoc: [],
      imagePrecisionRecall: [],
      pixelRoc: [],
      pixelPrecisionRecall: [],
      pro: [],
    };
    const evaluation = {
      ...sample(),
      classes: { flange: nothing },
      mean: nothing,
      meanOver: eachMetric(0),
      intervals: { classes: { flange: intervalsOf(nothing) }, mean: intervalsOf(nothing) },
      defects: [],
      curves: { flange: noCurve },
      images: odd,
      withoutMask: [],
      failed: [],
    };
    const calibration = { ...manifest.calibration, scores: [0], threshold: 0 };
    const page = await render(evaluation, { ...manifest, calibration }, { title: 'x' });
    expect(page).toContain(
      'There were no defective images to find. There was 1 false positive among 2 good.',
    );
    expect(page).toContain('there are no defective test images.');
    expect(page).not.toMatch(/NaN[^(.]|id="defects"|id="left-out"/);
  });
});

describe('size of the page', () => {
  it('stays below 30 MB with 1,000 images', async () => {
    const count = 1000;
    const images = Array.from({ length: count }, (_, i) =>
      evaluated(
        `p${i}`,
        'flange',
        i % 3 ? `kind ${i % 7}` : 'good',
        (i + 1) / count,
        i % 3 ? square(3, 9 + (i % 20)) : undefined,
      ),
    );
    const report = new Report(manifest, { drawThumbnail, title: 'Many' });
    for (const [seed, one] of images.entries()) {
      await report.add({ ...(await seen(one, count)), image: noisyImage(seed, 64, 48) });
    }
    const page = await report.render({ ...sample(), images });
    expect(page.match(/data:image/g)).toHaveLength(2 * count);
    expect(Buffer.byteLength(page)).toBeLessThan(30_000_000);
    expect(Buffer.byteLength(page)).toBeGreaterThan(2_000_000);
  }, 180_000);

  it('keeps the worst that an image can be within its share of 30 MB', async () => {
    const one = await seen(evaluated('noise', 'flange', 'scratch', 0.1), 1);
    const image = noisyImage(1, 640, 640, 250);
    const scale = { lowest: 0.8, highest: 2 };
    // Specks apart from each other have the longest outlines.
    const size = 256;
    const isSpeck = (i: number) => (i % size) % 8 === 0 && Math.floor(i / size) % 8 === 0;
    const mask = Uint8Array.from({ length: size * size }, (_, i) => (isSpeck(i) ? 1 : 0));
    const noise = Float32Array.from({ length: size * size }, (_, i) => ((i * 7919) % 1000) / 400);
    const map = { width: size, height: size, data: noise };
    for (const [shown, least] of [
      [1000, 5000],
      [4000, 400],
    ] as const) {
      const maximumCharacters = charactersForOneOf(shown);
      const drawn = { ...one, image, map, mask };
      const thumbnail = await thumbnailOf(drawn, drawThumbnail, { scale, maximumCharacters });
      expect(thumbnail).toMatchObject({ width: 320, height: 320 });
      const { original, heatMap, truth } = thumbnail;
      const characters = original.length + heatMap.length + (truth?.text.length ?? 0);
      expect(characters).toBeLessThanOrEqual(maximumCharacters);
      // Not by showing nothing.
      expect(characters).toBeGreaterThan(least);
    }
  });
});
