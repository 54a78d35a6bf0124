import { beforeAll, describe, expect, it } from 'vitest';
import { json } from '../../../server/testing/server.ts';
import { chromiumPath, useStudio } from '../../testing/page.ts';

// Skipped where there is no Chromium to open the page in.
describe.skipIf(chromiumPath === undefined)('from images to a threshold', () => {
  const studio = useStudio();
  beforeAll(async () => {
    await json(studio().server, 'POST', '/v1/projects/flange/sample');
  }, 60_000);

  it('trains on the sample line, and saves a threshold that was moved by keys', async () => {
    const { page, server, problems } = studio();
    await page.goto(`${server.url}/#/flange/train`);
    await page.getByText('40 good images to learn from').waitFor();
    await page.getByText('Options').click();
    await page.getByLabel('Image size').fill('64');
    await page.getByLabel('Passes over the images').fill('1');
    await page.getByRole('button', { name: 'Train' }).click();
    const next = page.getByRole('link', { name: 'Check the threshold' });
    await next.waitFor({ timeout: 90_000 });
    await next.click();
    await page.getByText(/^It catches \d+ of 24 labelled defects/).waitFor({ timeout: 90_000 });
    const slider = page.getByRole('slider', { name: 'Threshold' });
    await slider.focus();
    for (let press = 0; press < 5; press++) await page.keyboard.press('Shift+ArrowLeft');
    const moved = await slider.inputValue();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('The threshold is saved').waitFor();
    await page.reload();
    await expect.poll(() => slider.inputValue()).toBe(moved);
    const { body } = await json(server, 'GET', '/v1/models/flange/versions/1');
    expect(body.manifest.calibration).toMatchObject({ rule: moved, threshold: Number(moved) });
    expect(problems).toEqual([]);
  }, 240_000);
});
