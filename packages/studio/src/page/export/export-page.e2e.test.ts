import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { imageBytes, tinyModel } from '../../../../server/testing/server.ts';
import { chromiumPath, looks, seriousFaults, show, useStudio } from '../../../testing/page.ts';

// Skipped where there is no Chromium to open the page in.
describe.skipIf(chromiumPath === undefined)('export page', () => {
  const studio = useStudio();
  let model: Buffer;

  beforeAll(async () => {
    const { server, page } = studio();
    model = await tinyModel();
    await server.send('POST', '/v1/projects', { name: 'part' });
    await server.send('POST', '/v1/models/part/versions', model);
    await page.goto(`${server.url}/#/part/export`);
    await page.getByRole('heading', { name: 'Version 1' }).waitFor();
  }, 120_000);

  it('gives the model file as it was trained', async () => {
    const { page } = studio();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download the model' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('part-1.onnx');
    const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
    expect(digest(await readFile(await download.path()))).toBe(digest(model));
  });

  it('makes a report from the labelled images, found again after a reload', async () => {
    const { page, server, browser } = studio();
    await page.getByText('There are no labelled test images yet').waitFor();
    for (const [at, label] of ['normal&split=test', 'defect&kind=dent'].entries()) {
      const path = `/v1/projects/part/images?name=${at}.png&label=${label}`;
      await server.send('POST', path, await imageBytes(at));
    }
    await page.reload();
    await page.getByRole('button', { name: 'Make a report' }).click();
    await page.getByRole('link', { name: 'Open the report' }).waitFor();
    await page.reload();
    const [report] = await Promise.all([
      browser.waitForEvent('page'),
      page.getByRole('link', { name: 'Open the report' }).click(),
    ]);
    await report.getByText('dent').first().waitFor();
    await report.close();
  }, 120_000);

  it('has examples for this version to copy', async () => {
    const { page, server, problems } = studio();
    await page.getByText('HTTP', { exact: true }).click();
    const code = page.locator('.examples code');
    expect(await code.textContent()).toContain(`${server.url}/v1/models/part/versions/1/inspect`);
    await page.getByRole('button', { name: 'Copy' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    expect(problems).toEqual([]);
  });

  it.each(looks)('has no serious fault in $colorScheme at $width pixels', async (look) => {
    const { page } = studio();
    await show(page, look);
    await page.getByRole('button', { name: /Copy|Copied/ }).waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
  });
});
