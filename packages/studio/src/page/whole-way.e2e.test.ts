import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { json } from '../../../server/testing/server.ts';
import { chromiumPath, useStudio } from '../../testing/page.ts';

const MINUTE = 60_000;
/** A good image of the sample line that is for testing. */
const GOOD = 45;

// Skipped where there is no Chromium to open the page in. One test after the other: each begins where the last one ended.
describe.skipIf(chromiumPath === undefined)('the whole way on the sample line', () => {
  const studio = useStudio();
  const page = () => studio().page;
  const go = (name: string) => page().getByRole('link', { name, exact: true }).click();

  it('begins with the sample line', async () => {
    const { server } = studio();
    page().setDefaultTimeout(2 * MINUTE);
    await page().goto(server.url);
    await page().getByRole('button', { name: 'Try it with the sample line' }).click();
    await page().locator('.page-head').getByText('74 images').waitFor();
  });

  it('checks the images, and labels some by keys', async () => {
    await page().getByRole('button', { name: 'Check images' }).click();
    await page()
      .getByText(/The check found nothing to correct|Findings of the check/)
      .waitFor();
    await page().getByRole('listbox').getByRole('option').first().click();
    await page().keyboard.press('n');
    await page().getByText('1 image labelled: No label').waitFor();
    await page().keyboard.press('z');
    await page().locator('.page-head').getByText('74 images').waitFor();
  });

  it(
    'trains',
    async () => {
      await go('Train');
      await page().getByText('40 good images to learn from').waitFor();
      await page().getByText('Options').click();
      await page().getByLabel('Image size').fill('128');
      await page().getByLabel('Passes over the images').fill('2');
      await page().getByRole('button', { name: 'Train' }).click();
      await page().getByRole('heading', { name: 'Version 1 is ready' }).waitFor();
    },
    3 * MINUTE,
  );

  it(
    'sets the threshold by keyboard, so low that good parts alarm',
    async () => {
      await go('Threshold');
      await page()
        .getByText(/of 24 labelled defects/)
        .waitFor();
      const slider = page().getByRole('slider', { name: 'Threshold' });
      await slider.focus();
      for (const key of ['Home', 'Shift+ArrowRight']) await page().keyboard.press(key);
      await page().getByRole('button', { name: 'Save' }).click();
      await page().getByText('The threshold is saved').waitFor();
    },
    2 * MINUTE,
  );

  it('inspects, and marks a false positive by keyboard', async () => {
    const { server } = studio();
    await page().goto(`${server.url}/#/sample-line/inspect/${GOOD}`);
    await page().getByRole('img', { name: 'Heat map', exact: true }).waitFor();
    await page().locator('.verdict-panel').getByText('Anomalous').waitFor();
    await page().keyboard.press('f');
    await page().getByText('Labelled good').waitFor();
  });

  it(
    'learns it, compares both versions on the same images, and adopts the new one',
    async () => {
      await go('Versions');
      await page()
        .getByRole('button', { name: /^Learn \d+ false positives?$/ })
        .click();
      await page()
        .getByText(/^On the same images for testing/)
        .waitFor();
      await page().getByRole('button', { name: 'Adopt version 2' }).click();
      await page().getByText('Version 2 is in use.').waitFor();
    },
    3 * MINUTE,
  );

  it('watches over what programs inspect', async () => {
    const { server } = studio();
    const image = await server.send('GET', '/v1/projects/sample-line/images/60/file');
    const body = Buffer.from(await image.arrayBuffer());
    await json(server, 'POST', '/v1/models/sample-line/inspect', body);
    await go('Monitor');
    await page().locator('.verdict-log tbody tr').waitFor();
    expect(await page().locator('.verdict-log tbody tr').textContent()).toContain('program');
  });

  it('hands the model over', async () => {
    const { server, problems } = studio();
    await go('Export');
    const [download] = await Promise.all([
      page().waitForEvent('download'),
      page().getByRole('link', { name: 'Download the model' }).click(),
    ]);
    const served = await server.send('GET', '/v1/models/sample-line/versions/2/file');
    const sent = Buffer.from(await served.arrayBuffer());
    expect(sent.equals(await readFile(await download.path()))).toBe(true);
    expect(problems).toEqual([]);
  });
});
