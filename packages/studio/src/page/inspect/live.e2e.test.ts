import { mkdtempSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imageBytes, json, tinyModel } from '../../../../server/testing/server.ts';
import { chromiumPath, looks, seriousFaults, show, useStudio } from '../../../testing/page.ts';

/** Milliseconds: twice what a person notices, since tests share the machine; one task may wait for its turn. */
const LONGEST_TASK = 100;

// Skipped where there is no Chromium to open the page in.
describe.skipIf(chromiumPath === undefined)('live inspection', () => {
  const line = mkdtempSync(join(tmpdir(), 'bigrid-line-'));
  const studio = useStudio({ watch: [line] });
  const open = async (view: string) => {
    const { page, server } = studio();
    await page.goto(`${server.url}/#/`);
    await page.goto(`${server.url}/#/part/inspect/${view}`);
  };

  beforeAll(async () => {
    const { server, page } = studio();
    page.setDefaultTimeout(60_000);
    await server.send('POST', '/v1/projects', { name: 'part' });
    const added = await server.send('POST', '/v1/models/part/versions', await tinyModel());
    if (added.status !== 201) throw new Error(await added.text());
  }, 120_000);
  afterAll(() => rm(line, { recursive: true, force: true }));

  it('creates a stream of a folder, after it said which the server allows, and shows it live', async () => {
    const { page, server } = studio();
    await open('streams');
    await page.getByLabel('Name').fill('line 1');
    await page.getByLabel('Folder on the server').fill(tmpdir());
    await page.getByRole('button', { name: 'Create and start' }).click();
    expect(await page.getByRole('alert').textContent()).toContain(line);

    await page.getByLabel('Folder on the server').fill(line);
    await page.getByRole('button', { name: 'Create and start' }).click();
    await page.getByText('Waiting for the first image').waitFor();
    await expect.poll(() => page.url()).toBe(`${server.url}/#/part/inspect/streams%3Aline-1`);
    for (const [name, isDefective] of [
      ['a.png', true],
      ['b.png', false],
    ] as const) {
      await writeFile(join(line, name), await imageBytes(isDefective ? 0 : 51, isDefective));
      await page.locator(`.zoom-view img[alt$="${name}"]`).waitFor();
    }
    await page.getByRole('img', { name: '1 of the latest 2 images anomalous' }).waitFor();
    await page.getByRole('button', { name: 'Stop: line-1' }).click();
    await page.getByText('Stopped').waitFor();
  });

  it('inspects what the camera of the browser shows, and keeps an image when asked', async () => {
    const { page, server } = studio();
    await open('camera');
    await page.evaluate(() => {
      const tasks: number[] = [];
      Object.assign(globalThis, { tasks });
      new PerformanceObserver((list) => {
        tasks.push(...list.getEntries().map(({ duration }) => duration));
      }).observe({ type: 'longtask' });
    });
    await page.getByRole('button', { name: 'Start camera' }).click();
    await page.getByRole('img', { name: /of the latest [2-9]\d images anomalous/ }).waitFor();
    await page.getByText('per second').waitFor();
    const tasks = await page.evaluate(() => (globalThis as unknown as { tasks: number[] }).tasks);
    const [, longest = 0] = tasks.toSorted((a, b) => b - a);
    expect(longest).toBeLessThan(LONGEST_TASK);
    expect((await json(server, 'GET', '/v1/projects/part/images')).body.total).toBe(0);

    await page.getByRole('button', { name: 'Keep this image' }).click();
    await page.getByText('Kept in the project as camera-').waitFor();
    expect((await json(server, 'GET', '/v1/projects/part/images')).body.images).toMatchObject([
      { format: 'JPEG', label: null },
    ]);
    await page.getByRole('button', { name: 'Stop camera' }).click();
    await page.getByRole('button', { name: 'Start camera' }).waitFor();
  }, 120_000);

  it.each(looks)('has no serious fault in $colorScheme at $width pixels', async (look) => {
    const { page } = studio();
    await show(page, look);
    for (const view of ['streams', 'camera']) {
      await open(view);
      await page.getByText(view === 'streams' ? 'Add a stream' : 'Start camera').waitFor();
      expect(await seriousFaults(page)).toEqual([]);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overflow).toBeLessThanOrEqual(0);
    }
  });
});
