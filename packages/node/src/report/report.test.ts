import { BigridError } from '@bigrid/errors';
import type { EvaluatedPicture, Evaluation, Manifest, Metrics, Picture } from '@bigrid/inspect';
import { beforeAll, describe, expect, it } from 'vitest';
import { bytesForAll, renderReport } from './report.ts';
import { drawThumbnail } from './thumbnails.ts';

const mapSize = 32;
const evil = `gear "'><script>alert(1)</script>&amp;`;

/** Noise, which no encoder makes small, over a slope; every seed its own. */
function noisyPicture(seed: number, width = 96, height = 64, strength = 60): Picture {
  const data = new Uint8Array(width * height * 3);
  let state = seed + 1;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = 60 + ((i / 3) % width) + (state >>> 24) * (strength / 256);
  }
  return { width, height, data };
}

function square(from: number, to: number): Uint8Array {
  return Uint8Array.from({ length: mapSize * mapSize }, (_, i) => {
    const [x, y] = [i % mapSize, Math.floor(i / mapSize)];
    return x >= from && x < to && y >= from && y < to ? 1 : 0;
  });
}

function evaluated(
  name: string,
  className: string,
  defect: string,
  score: number,
  mask?: Uint8Array,
): EvaluatedPicture {
  const map = new Float32Array(mapSize * mapSize).fill(0.2);
  if (mask) for (let i = 0; i < map.length; i++) map[i] = mask[i] ? 2 : 0.2;
  const path = `/data/line 3/${className}/test/${defect}/${name}.png`;
  const read = async () => noisyPicture(Math.round(score * 1000));
  return { entry: { path, className, defect, read, readMask: undefined }, score, map, mask };
}

const full: Metrics = {
  imageAuroc: 0.98765,
  imageAp: 0.99999,
  imageF1Max: 1,
  pixelAuroc: 0.91,
  pixelAp: 0.5,
  pixelF1Max: 0.6,
  aupro: 0.8,
};
const none = Number.NaN;
const withoutImages: Metrics = { ...full, imageAuroc: none, imageAp: none, imageF1Max: none };

const curve = {
  imageRoc: [
    { falsePositiveRate: 0, truePositiveRate: 0, threshold: Infinity },
    { falsePositiveRate: 0.5, truePositiveRate: 1, threshold: 0.3 },
    { falsePositiveRate: 1, truePositiveRate: 1, threshold: 0.1 },
  ],
  imagePrecisionRecall: [
    { recall: 0, precision: 1, threshold: Infinity },
    { recall: 1, precision: 0.5, threshold: 0.3 },
  ],
  pixelRoc: [
    { falsePositiveRate: 0, truePositiveRate: 0, threshold: Infinity },
    { falsePositiveRate: 1, truePositiveRate: 1, threshold: 0 },
  ],
  pixelPrecisionRecall: [
    { recall: 0, precision: 1, threshold: Infinity },
    { recall: 1, precision: 0.2, threshold: 0 },
  ],
  pro: [
    { falsePositiveRate: 0, overlap: 0 },
    { falsePositiveRate: 0.3, overlap: 1 },
  ],
};

function sample(): Evaluation {
  const pictures = [
    evaluated('g0', 'flange', 'good', 0.1),
    evaluated('g1', 'flange', 'good', 0.2),
    evaluated('g2', 'flange', 'good', 0.7),
    evaluated('s0', 'flange', 'scratch', 0.4, square(4, 8)),
    evaluated('s1', 'flange', 'scratch', 0.9, square(10, 20)),
    // Exactly at the threshold is not above it.
    evaluated('d0', 'flange', 'dent', 0.5, square(20, 24)),
    evaluated('e0', evil, '<b>chip</b>', 0.8, square(2, 5)),
    evaluated('e1', evil, '<b>chip</b>', 0.3),
  ];
  return {
    classes: { flange: full, [evil]: withoutImages },
    mean: withoutImages,
    curves: {
      flange: curve,
      [evil]: { ...curve, imageRoc: [], imagePrecisionRecall: [] },
    },
    pictures,
    mapWidth: mapSize,
    mapHeight: mapSize,
    withoutMask: [pictures[7]?.entry.path ?? ''],
    failed: [
      {
        path: '/data/line 3/flange/test/dent/<i>cut</i>.png',
        error: new BigridError(
          'PICTURE_UNREADABLE',
          'Expected a whole picture but received <i>half</i>',
        ),
      },
    ],
  };
}

const manifest = {
  manifestVersion: 1,
  bigridVersion: '1.2.3',
  createdAt: '2026-07-04T12:30:45.000Z',
  classes: ['flange', evil],
  profile: 'fast',
  method: { inputSize: 256 },
  schedule: { epochs: 8 },
  backbone: { name: 'efficientnet-lite0', licence: 'Apache-2.0' },
  calibration: {
    scores: [0.1, 0.2, 0.5],
    rule: 'quantile:0.99',
    threshold: 0.5,
    pixelThreshold: 1,
    mapScale: { lowest: 0.8, highest: 2 },
  },
  training: {
    seed: 7,
    pictures: 57,
    heldOut: 3,
    skipped: 0,
    steps: 1234,
    dataHash: 'abc123',
    engine: 'onnxruntime-node',
  },
} as unknown as Manifest;

/** The page without its pictures: quicker to search. */
const withoutData = (page: string) => page.replaceAll(/data:image\/[^"]*/g, 'data:');
const cardOf = (page: string, name: string) =>
  withoutData(page)
    .split('<article')
    .find((card) => card.includes(`/${name}.png`)) ?? '';

describe('renderReport', () => {
  let page = '';
  let text = '';
  beforeAll(async () => {
    page = await renderReport(sample(), manifest, { title: 'Line <3>' });
    text = withoutData(page);
  });

  it('shows every picture beside its heat map, the worst first', () => {
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
    expect(text).toContain('2 of 5 defective pictures caught, 1 false alarm among 3 good.');
    const row = /<tr data-row="all">([\s\S]*?)<\/tr>/.exec(text)?.[1] ?? '';
    expect(row.match(/>\d+</g)?.join('')).toBe('>2<>3<>1<>2<');
    expect(cardOf(page, 'd0')).toContain('badge missed');
    expect(cardOf(page, 'g2')).toContain('badge false-alarm');
  });

  it('escapes what comes from files and folders', () => {
    expect(text).toContain('<title>Line &lt;3&gt;</title>');
    expect(text).toContain('gear &quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;');
    expect(text).toContain('received &lt;i&gt;half&lt;/i&gt;');
    expect(text).not.toContain('<script>alert');
    expect(text).not.toMatch(/<b>chip|<i>cut|<i>half/);
    // The data and the program; nothing else.
    expect(text.match(/<script/g)).toHaveLength(2);
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
    expect(text).toContain('whole pictures: there are no good test pictures to compare with.');
    expect(text).toContain('– Mean: not defined where a product has no value.');
    expect(text).toContain('>0.988<');
    expect(text).toContain('>&gt; 0.999<');
  });

  it('lists pictures that are missing from the numbers', () => {
    expect(text).toContain('1 picture could not be read and is not counted.');
    expect(text).toContain('&lt;i&gt;cut&lt;/i&gt;.png');
    expect(text).toContain('<code>PICTURE_UNREADABLE</code>');
    expect(text).toMatch(/Without a usable mask[\s\S]*e1\.png/);
  });

  it('tells how the model came to be and what its threshold promises', () => {
    expect(text).toContain('2026-07-04 12:30 UTC');
    expect(text).toContain('1,234 (8 epochs)');
    expect(text).toContain(
      'above 0.500: the highest score of 3 good pictures held out from training (quantile:0.99). Expect about 1 in 4',
    );
  });

  it('has curves of every class, without names that clash', () => {
    expect(text.match(/<figure class="chart">/g)).toHaveLength(6);
    expect(text).not.toContain('<style >');
    const ids = [...text.matchAll(/ id="([^"]*)"/g)].map((match) => match[1]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('is the same every time', async () => {
    expect(await renderReport(sample(), manifest, { title: 'Line <3>' })).toBe(page);
  });

  it('names every picture, table column and control for those who do not see them', () => {
    for (const [image] of text.matchAll(/<img [^>]*>/g)) expect(image).toMatch(/alt="[^"]+"/);
    for (const [header] of text.matchAll(/<th[ >][^>]*>/g)) expect(header).toContain('scope=');
    for (const [, button = ''] of text.matchAll(/<button([^>]*)>[^\w<]*</g)) {
      expect(button).toContain('aria-label=');
    }
  });
});

describe('renderReport at its edges', () => {
  it('draws as many pictures as wanted, the worst first, and counts all', async () => {
    const done: string[] = [];
    const page = await renderReport(sample(), manifest, {
      title: 'Few',
      maximumPictures: 2,
      onPicture: (count, total) => done.push(`${count}/${total}`),
    });
    expect(page.match(/data:image/g)).toHaveLength(4);
    expect(cardOf(page, 's0')).toContain('data:');
    expect(page).toContain('2 of 8 pictures shown, the other 6 only counted.');
    expect(done).toEqual(['1/2', '2/2']);
  });

  it.each([-1, 1.5, Number.NaN])('refuses %s as the most pictures', async (maximumPictures) => {
    const report = renderReport(sample(), manifest, { title: 'x', maximumPictures });
    await expect(report).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  });

  it('stops when told to', async () => {
    const signal = AbortSignal.abort();
    const report = renderReport(sample(), manifest, { title: 'x', signal });
    await expect(report).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('says so on the card when a picture has gone since', async () => {
    const evaluation = sample();
    const [first, ...others] = evaluation.pictures as [EvaluatedPicture, ...EvaluatedPicture[]];
    const read = async () => {
      throw new BigridError('PATH_MISSING', 'Expected a file but received <nothing>');
    };
    const gone = { ...first, entry: { ...first.entry, read } };
    const page = await renderReport({ ...evaluation, pictures: [gone, ...others] }, manifest, {
      title: 'x',
    });
    expect(cardOf(page, 'g0')).toContain(
      'Could not be read again: Expected a file but received &lt;nothing',
    );
    expect(page.match(/data:image/g)).toHaveLength(14);
  });

  it('shows good pictures alone, and scores and thresholds that are no use', async () => {
    const good = sample().pictures.slice(0, 2);
    const odd = [
      { ...good[0], score: Number.NaN },
      { ...good[1], score: Number.POSITIVE_INFINITY },
    ] as EvaluatedPicture[];
    const nothing = Object.fromEntries(
      Object.keys(full).map((key) => [key, none]),
    ) as unknown as Metrics;
    const pixels = { pixelRoc: [], pixelPrecisionRecall: [], pro: [] };
    const noCurve = { imageRoc: [], imagePrecisionRecall: [], ...pixels };
    const evaluation = {
      ...sample(),
      classes: { flange: nothing },
      mean: nothing,
      curves: { flange: noCurve },
      pictures: odd,
      withoutMask: [],
      failed: [],
    };
    const calibration = { ...manifest.calibration, scores: [0], threshold: 0 };
    const page = await renderReport(evaluation, { ...manifest, calibration }, { title: 'x' });
    expect(page).toContain(
      'There were no defective pictures to find. There was 1 false alarm among 2 good.',
    );
    expect(page).toContain('there are no defective test pictures.');
    expect(page).not.toMatch(/NaN[^(.]|id="defects"|id="left-out"/);
  });
});

describe('size of the page', () => {
  it('stays below 30 MB with 1,000 pictures', async () => {
    const count = 200;
    const pictures = Array.from({ length: count }, (_, i) =>
      evaluated(
        `p${i}`,
        'flange',
        i % 3 ? `kind ${i % 7}` : 'good',
        (i + 1) / count,
        square(3, 9 + (i % 20)),
      ),
    );
    const page = await renderReport({ ...sample(), pictures }, manifest, { title: 'Many' });
    expect(page.match(/data:image/g)).toHaveLength(2 * count);
    const textOfOne = withoutData(page).length / count;
    // What the pictures of a card may take is checked below; as text it is a third more.
    expect(1000 * textOfOne + (bytesForAll * 4) / 3).toBeLessThan(30_000_000);
  });

  it('keeps even noise within the bytes for one picture', async () => {
    const maximumBytes = bytesForAll / 1000;
    const picture = evaluated('noise', 'flange', 'good', 0.1);
    const read = async () => noisyPicture(1, 640, 640, 250);
    const thumbnail = await drawThumbnail(
      { ...picture, entry: { ...picture.entry, read } },
      {
        mapWidth: mapSize,
        mapHeight: mapSize,
        scale: { lowest: 0.8, highest: 2, threshold: 1 },
        maximumBytes,
      },
    );
    expect(thumbnail).toMatchObject({ width: 320, height: 320 });
    const { original, heatMap } = thumbnail as { original: string; heatMap: string };
    expect(original.length + heatMap.length).toBeLessThan((maximumBytes * 4) / 3 + 100);
  });
});
