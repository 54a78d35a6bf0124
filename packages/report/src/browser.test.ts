import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { drawThumbnail } from '@bigrid/node';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, openChromium } from '../testing/chromium.ts';
import {
  exampleDrift,
  exampleEvaluation,
  exampleManifest,
  exampleVerdict,
  render,
} from '../testing/example-report.ts';
import { renderDrift } from './drift-page.ts';
import { InspectionReport } from './inspection-report.ts';

// Skipped where there is no Chromium to open the page in: `BIGRID_CHROMIUM` names one in an unusual place.
describe.skipIf(chromiumPath === undefined)('report in Chromium', () => {
  let folder: string;
  let browser: BrowserContext;
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bigrid-report-'));
    const file = join(folder, 'report.html');
    await writeFile(file, await render(exampleEvaluation(), exampleManifest, { title: 'Line' }));
    browser = await openChromium(join(folder, 'profile'));
    page = await browser.newPage();
    page.on('console', (message) => problems.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('request', (request) => {
      if (!/^(file|data):/.test(request.url())) problems.push(`asks for ${request.url()}`);
    });
    await page.goto(pathToFileURL(file).href);
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  const counts = async () => {
    const cells = page.locator('#outcomes tr[data-row=all] td');
    return (await cells.allTextContents()).map(Number);
  };

  it('opens without console messages or requests', async () => {
    expect(await page.title()).toBe('Line');
    expect(await counts()).toEqual([2, 3, 1, 2]);
    expect(problems).toEqual([]);
  });

  it('moves the threshold by keyboard, and recounts', async () => {
    await page.locator('#slider').focus();
    await page.keyboard.press('Home');
    expect(await counts()).toEqual([5, 0, 3, 0]);
    expect(await page.locator('.corner b[data-count=falsePositives]').textContent()).toBe('3');
    await page.keyboard.press('End');
    expect(await counts()).toEqual([0, 5, 0, 3]);
    const text = await page.locator('#slider').getAttribute('aria-valuetext');
    expect(text).toMatch(/^\d\.\d+: 0 detected, 5 missed, 0 false positives$/);
    const line = await page.locator('.threshold-line').boundingBox();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(await counts()).toEqual([2, 3, 1, 2]);
    expect(await page.locator('#threshold-value').textContent()).toBe('0.500');
    expect((await page.locator('.threshold-line').boundingBox())?.x).toBeLessThan(line?.x ?? 0);
  });

  it('recounts unsure images as the threshold moves, and keeps the lower limit', async () => {
    const file = join(folder, 'unsure.html');
    const { calibration } = exampleManifest;
    const unsure = { rule: '0.25', threshold: 0.25 };
    const doubting = { ...exampleManifest, calibration: { ...calibration, unsure } };
    await writeFile(file, await render(exampleEvaluation(), doubting, { title: 'Two' }));
    const other = await browser.newPage();
    other.on('pageerror', (error) => problems.push(String(error)));
    await other.goto(pathToFileURL(file).href);
    const numbers = async () => {
      const cells = other.locator('#outcomes tr[data-row=all] td');
      return (await cells.allTextContents()).map(Number);
    };
    // Caught, unsure and missed; false positives, unsure and passed.
    expect(await numbers()).toEqual([2, 3, 0, 1, 0, 2]);
    const lineAt = async () => (await other.locator('.doubt-line').boundingBox())?.x;
    const line = await lineAt();
    await other.locator('#slider').focus();
    await other.keyboard.press('End');
    expect(await numbers()).toEqual([0, 5, 0, 0, 1, 2]);
    await other.keyboard.press('Home');
    expect(await numbers()).toEqual([5, 0, 0, 3, 0, 0]);
    expect(await lineAt()).toBe(line);
    expect((await other.locator('.doubt').boundingBox())?.width).toBe(0);
    await other.getByRole('button', { name: /^Unsure/ }).click();
    expect(await other.locator('.card:visible').count()).toBe(3);
    expect(problems).toEqual([]);
    await other.close();
  });

  it('filters images, and enlarges one, goes on and comes back by keys', async () => {
    await page.getByRole('button', { name: /^Missed/ }).click();
    expect(await page.locator('.card:visible').count()).toBe(3);
    await page.locator('.card:visible .pair').first().focus();
    await page.keyboard.press('Enter');
    const title = page.locator('#viewer-title');
    const first = await title.textContent();
    await page.keyboard.press('ArrowRight');
    expect(await title.textContent()).not.toBe(first);
    await page.keyboard.press('Escape');
    expect(await page.locator('#viewer').isVisible()).toBe(false);
    expect(await page.evaluate('document.activeElement.className')).toBe('pair');
    await page.getByRole('button', { name: /^All/ }).click();
    expect(await page.locator('.card:visible').count()).toBe(8);
  });

  it('a gallery of unlabelled images filters and enlarges as well, and is nowhere too wide', async () => {
    const gallery = new InspectionReport(exampleManifest, {
      drawThumbnail,
      title: 'Inspection of line 3',
    });
    for (const score of [0.1, 0.9, 0.7]) await gallery.add(exampleVerdict(score));
    const file = join(folder, 'gallery.html');
    await writeFile(file, await gallery.render());
    const other = await browser.newPage();
    other.on('console', (message) => problems.push(`${message.type()}: ${message.text()}`));
    other.on('pageerror', (error) => problems.push(String(error)));
    await other.goto(pathToFileURL(file).href);
    await other.getByRole('button', { name: /^Normal/ }).click();
    expect(await other.locator('.card:visible').count()).toBe(1);
    await other.getByRole('button', { name: /^All/ }).click();
    await other.locator('.card .pair').first().click();
    expect(await other.locator('#viewer-title').textContent()).toBe('0.9.png');
    await other.keyboard.press('ArrowRight');
    expect(await other.locator('#viewer-title').textContent()).toBe('0.7.png');
    for (const width of [1440, 390]) {
      await other.setViewportSize({ width, height: 900 });
      expect(await other.evaluate('document.documentElement.scrollWidth')).toBe(width);
    }
    await other.close();
    expect(problems).toEqual([]);
  });

  it.each([1440, 390])(
    'drift is drawn with labels that can be read, apart, at %i',
    async (width) => {
      const near = { low: 1, median: 1.01, high: 1.02 };
      const file = join(folder, 'drift.html');
      await writeFile(file, await renderDrift(exampleDrift(near), exampleManifest, { title: 'D' }));
      const other = await browser.newPage();
      await other.setViewportSize({ width, height: 900 });
      await other.goto(pathToFileURL(file).href);
      expect(await other.evaluate('document.documentElement.scrollWidth')).toBe(width);
      for (const chart of await other.locator('.chart [role=img]').all()) {
        const labels = await chart.locator('text:visible').all();
        const boxes = await Promise.all(labels.map((label) => label.boundingBox()));
        expect(boxes.length).toBeGreaterThanOrEqual(4);
        for (const [index, box] of boxes.entries()) {
          if (!box) throw new Error('a label without a box');
          expect(box.height).toBeGreaterThan(10);
          for (const next of boxes.slice(index + 1)) {
            const [across, down] = [box.x - (next?.x ?? 0), box.y - (next?.y ?? 0)];
            const isApart =
              (across > 0 ? across >= (next?.width ?? 0) : -across >= box.width) ||
              (down > 0 ? down >= (next?.height ?? 0) : -down >= box.height);
            expect(isApart, JSON.stringify([box, next])).toBe(true);
          }
        }
      }
      await other.close();
    },
  );

  it.each([1440, 768, 390])('is nowhere wider than a window of %i', async (width) => {
    await page.setViewportSize({ width, height: 900 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    expect(problems).toEqual([]);
  });
});
