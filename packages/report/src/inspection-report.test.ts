import { BigridError } from '@bigrid/errors';
import { judge, type Manifest, type Verdict } from '@bigrid/inspect';
import { drawThumbnail } from '@bigrid/node';
import { describe, expect, it } from 'vitest';
import { exampleManifest, exampleVerdict } from '../testing/example-report.ts';
import { InspectionReport } from './inspection-report.ts';

const unsure = { rule: '0.25', threshold: 0.25 };
const manifest: Manifest = {
  ...exampleManifest,
  calibration: { ...exampleManifest.calibration, unsure },
};
const verdictOf = (path: string, score: number, strength?: number): Verdict => ({
  ...exampleVerdict(score, strength),
  path,
  verdict: judge(score, manifest.calibration),
});

const pathsIn = (page: string) =>
  [...page.matchAll(/<span class="path" title="([^"]*)"/g)].map(([, path]) => path);

describe('gallery of inspected images', () => {
  it('shows the highest score first, with verdicts counted and unreadable ones named', async () => {
    const report = new InspectionReport(manifest, { drawThumbnail, title: 'Line <1>' });
    await report.add(verdictOf('/in/normal.png', 0.1));
    await report.add(verdictOf('/in/worst.png', 2));
    const path = '/in/<cut>.png';
    await report.add({
      entry: { path, read: () => Promise.reject() },
      path,
      error: new BigridError('IMAGE_UNREADABLE', 'Expected a whole <image>'),
    });
    await report.add(verdictOf('/in/unsure & more.png', 0.4));
    await report.add(verdictOf('/in/bad.png', 0.6));
    const page = await report.render(7);
    expect(pathsIn(page)).toEqual([
      ...['/in/worst.png', '/in/bad.png', '/in/unsure &amp; more.png', '/in/normal.png'],
    ]);
    expect([...page.matchAll(/<dd><b>(\d+)<\/b> of (\d+)/g)].map(([, a, b]) => [a, b])).toEqual([
      ...[
        ['2', '5'],
        ['1', '5'],
        ['1', '5'],
        ['1', '5'],
      ],
    ]);
    expect(page).toContain('<title>Line &lt;1&gt;</title>');
    expect(page).toContain('/in/&lt;cut&gt;.png');
    expect(page).toContain('Expected a whole &lt;image&gt;');
    expect(page).toContain('7 more known from the log');
    expect(page).not.toMatch(/<cut>|<1>|<image>/);
    expect(page).not.toContain('true defect');
  });

  it('marks images of something else', async () => {
    const report = new InspectionReport(manifest, { drawThumbnail, title: 'Other' });
    await report.add(verdictOf('/in/spot.png', 0.6));
    await report.add({ ...verdictOf('/in/black.png', 2), unknown: true });
    const page = await report.render();
    expect(
      page.match(/<span class="defect">unknown<\/span> <span class="path"[^>]*>[^<]*/g),
    ).toEqual([expect.stringContaining('black.png')]);
  });

  it('keeps the highest scores of many in any order, and counts all', async () => {
    const scores = Array.from({ length: 100 }, (_, i) => ((i * 37) % 100) / 100);
    const report = new InspectionReport(manifest, {
      drawThumbnail,
      title: 'Many',
      maximumImages: 8,
    });
    for (const score of scores) await report.add(verdictOf(`/in/${score.toFixed(2)}.png`, score));
    const page = await report.render();
    expect(pathsIn(page)).toEqual(
      scores
        .toSorted((a, b) => b - a)
        .slice(0, 8)
        .map((score) => `/in/${score.toFixed(2)}.png`),
    );
    expect(page).toContain(
      'The 8 images with the highest scores are shown; the other 92 are only counted.',
    );
    expect(page).toContain('100 images inspected');
  });

  it('takes a bounded number of characters whatever the images show', async () => {
    const report = new InspectionReport(manifest, { drawThumbnail, title: 'Noise', total: 50_000 });
    for (let i = 0; i < 12; i++) await report.add(verdictOf(`/in/${i}.png`, 1 + i, 255));
    const page = await report.render();
    // Each has no more than it would have among the thousand that are shown at most.
    expect(page.length).toBeLessThan(12 * 30_000 + 60_000);
  });

  it('shows one whose score is not a number first, and is whole without any', async () => {
    const report = new InspectionReport(manifest, {
      drawThumbnail,
      title: 'Odd',
      maximumImages: 1,
    });
    for (const score of [3, Number.NaN, 2]) await report.add(verdictOf(`/in/${score}.png`, score));
    expect(pathsIn(await report.render())).toEqual(['/in/NaN.png']);
    const none = await new InspectionReport(manifest, { drawThumbnail, title: 'None' }).render();
    expect(none).toContain('No image to show.');
    expect(none).toContain('</html>');
  });
});
