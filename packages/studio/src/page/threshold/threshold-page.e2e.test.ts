import { beforeAll, describe, expect, it } from 'vitest';
import { createProject, ended, tiny } from '../../../../server/testing/jobs.ts';
import { json } from '../../../../server/testing/server.ts';
import { chromiumPath, looks, seriousFaults, show, useStudio } from '../../../testing/page.ts';

const settings = async (server: Parameters<typeof json>[0]) =>
  (await json(server, 'GET', '/v1/models/part/versions/1')).body.settings;

// Skipped where there is no Chromium to open the page in.
describe.skipIf(chromiumPath === undefined)('threshold page', () => {
  const studio = useStudio();
  beforeAll(async () => {
    const { server } = studio();
    await createProject(server, 'part');
    await json(server, 'POST', '/v1/projects', { name: 'empty' });
    const job = { kind: 'train', project: 'part', options: tiny };
    await ended(server, (await json(server, 'POST', '/v1/jobs', job)).body.id);
  }, 60_000);

  it('leads to training while there is no model', async () => {
    const { page, server } = studio();
    await page.goto(`${server.url}/#/empty/threshold`);
    await page.getByRole('link', { name: 'Train a model' }).click();
    await page.waitForURL(/#\/empty\/train$/);
  });

  it('scores the images that have no score', async () => {
    const { page, server } = studio();
    await page.goto(`${server.url}/#/part/threshold`);
    await page.getByText('13 images without a score').waitFor();
    await page.getByRole('button', { name: 'Score them' }).click();
    await page.getByText(/^It catches \d of 2 labelled defects/).waitFor();
    await expect.poll(() => page.locator('.scored-tile').count()).toBe(13);
  });

  it('keeps a threshold that was moved by keys, over a reload; saves it, and takes it back', async () => {
    const { page, server, problems } = studio();
    problems.length = 0;
    const slider = page.getByRole('slider', { name: 'Threshold' });
    const save = page.getByRole('button', { name: 'Save' });
    expect(await save.isDisabled()).toBe(true);
    await slider.focus();
    await page.keyboard.press('Home');
    await page.getByText('About 100% of good parts will alarm.').waitFor();
    await page.getByText('3 of 3 good test images would alarm.').waitFor();
    await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('ArrowLeft');
    const moved = await slider.inputValue();
    await page.waitForURL(new RegExp(`threshold%3D${moved.replace('.', '\\.')}$`));
    await page.reload();
    await expect.poll(() => slider.inputValue()).toBe(moved);
    await save.click();
    await page.getByText('The threshold is saved').waitFor();
    await expect.poll(() => settings(server)).toEqual({ threshold: moved });
    await page.reload();
    await expect.poll(() => slider.inputValue()).toBe(moved);
    expect(await save.isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'As trained' }).click();
    await save.click();
    await page.getByText('The threshold is saved').waitFor();
    await expect.poll(() => settings(server)).toEqual({});
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect.poll(() => settings(server)).toEqual({ threshold: moved });
    expect(problems).toEqual([]);
  });

  it('takes rules by name, says which are not possible, and has a band of doubt', async () => {
    const { page, server } = studio();
    await page.getByLabel('Rule').selectOption('max-fpr');
    expect(await page.getByRole('alert').textContent()).toBe(
      'Expected at least 19 good images for the threshold max-fpr:0.05 but received the scores of 8',
    );
    expect(await page.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true);
    await page.getByText('Settings').click();
    await page.getByLabel('Language').selectOption('de');
    const german = 'Für diese Regel reichen die Bilder nicht aus.';
    await page.getByRole('alert').getByText(german, { exact: true }).waitFor();
    await page.getByLabel('Sprache').selectOption('en');
    await page.getByText('Settings').click();
    await page.getByLabel('Value').fill('0,25');
    await page.getByText('About 22% of good parts will alarm.').waitFor();
    await page.getByLabel('Call images just below the threshold unsure').check();
    const unsure = page.getByRole('slider', { name: 'Unsure from' });
    await unsure.focus();
    await page.keyboard.press('End');
    const threshold = page.getByRole('slider', { name: 'Threshold' });
    expect(await unsure.inputValue()).toBe(await threshold.inputValue());
    // The URL has this draft when the next one, which it does not have yet, is saved.
    await page.waitForURL(/unsure%3D/);
    await page.keyboard.press('Home');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('The threshold is saved').waitFor();
    await expect
      .poll(() => settings(server))
      .toEqual({
        threshold: 'max-fpr:0.25',
        unsure: expect.stringMatching(/^-?[\d.]+$/),
      });
  });

  it('moves through the images by keys, and opens one', async () => {
    const { page } = studio();
    await page.getByText(/^Normal \d+$/).waitFor();
    await page.getByText(/^Anomalous \d+$/).click();
    await page.getByText('Closest to the threshold').click();
    await page.getByRole('listbox', { name: 'Scored images' }).focus();
    await page.keyboard.press('End');
    await expect.poll(() => page.locator('.scored-tile.active').count()).toBe(1);
    await page.keyboard.press('Enter');
    await page.waitForURL(/#\/part\/inspect\/\d+$/);
  });

  it('opens an image by a click', async () => {
    const { page, server } = studio();
    await page.goto(`${server.url}/#/part/threshold`);
    await page.locator('.scored-tile').nth(2).click();
    await page.waitForURL(/#\/part\/inspect\/\d+$/);
  });

  it.each(looks)('has no serious fault in $colorScheme at $width pixels', async (look) => {
    const { page, server } = studio();
    await page.goto(`${server.url}/#/part/threshold`);
    await show(page, look);
    await page.locator('.scored-tile').first().waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
  });
});
