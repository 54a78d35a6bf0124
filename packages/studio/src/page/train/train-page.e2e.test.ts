import { beforeAll, describe, expect, it } from 'vitest';
import { createProject } from '../../../../server/testing/jobs.ts';
import { embeddedWeights } from '../../../../server/testing/weights.ts';
import { chromiumPath, looks, seriousFaults, show, useStudio } from '../../../testing/page.ts';

// Skipped where there is no Chromium to open the page in.
describe.skipIf(chromiumPath === undefined)('train page', () => {
  // Weights of another network: what is started with them fails at once.
  const studio = useStudio({ backbone: embeddedWeights });
  beforeAll(async () => {
    const { server } = studio();
    await createProject(server, 'part');
    await server.send('POST', '/v1/projects', { name: 'empty' });
  });

  it('says that images are missing, and where to add them', async () => {
    const { page, server } = studio();
    await page.goto(`${server.url}/#/empty/train`);
    await page.getByText('0 good images to learn from').waitFor();
    await page.getByRole('link', { name: 'Add images' }).click();
    await page.waitForURL(/#\/empty\/images$/);
  });

  it('says what is wrong with an option where the training is started', async () => {
    const { page, server } = studio();
    await page.goto(`${server.url}/#/part/train`);
    await page.getByText('8 good images to learn from').waitFor();
    await page.getByText('Training takes minutes').waitFor();
    await page.getByText('Options').click();
    await page.getByLabel('Image size').fill('20');
    await page.getByRole('button', { name: 'Train' }).click();
    expect(await page.getByRole('alert').textContent()).toMatch(
      /^Expected .* for body\.options\.size but received 20/,
    );
    await page.getByText('Settings').click();
    await page.getByLabel('Language').selectOption('de');
    await page.getByText('Korrigieren Sie das Feld „Bildgröße“. (Expected').waitFor();
    await page.getByLabel('Sprache').selectOption('en');
  });

  it('offers the profile accurate, with what it costs, and says why it failed', async () => {
    const { page } = studio();
    await page.getByLabel('Image size').fill('');
    await page.getByText('Trains in minutes, and keeps up with a line.').waitFor();
    await page.getByText('Accurate', { exact: true }).click();
    await page.getByText('each inspection about 20 times').waitFor();
    await page.getByRole('button', { name: 'Train' }).click();
    await page.getByRole('heading', { name: 'Training failed' }).waitFor();
    await page.getByText('with the backbone efficientnet-lite0').waitFor();
  });

  it('goes on without the page, is cancelled, resumed and cancelled again', async () => {
    const { page } = studio();
    await page.getByText('Options').click();
    await page.getByLabel('Image size').fill('64');
    await page.getByLabel('Passes over the images').fill('5000');
    await page.getByRole('button', { name: 'Train' }).click();
    await page.getByRole('progressbar', { name: 'Cross-fitting' }).waitFor();
    await page.reload();
    await page.getByRole('progressbar', { name: 'Cross-fitting' }).waitFor();
    await page.getByRole('button', { name: 'Cancel training' }).click();
    await page.getByRole('heading', { name: 'Training was cancelled' }).waitFor();
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByRole('button', { name: 'Cancel training' }).click();
    await page.getByRole('button', { name: 'Resume' }).waitFor();
  });

  it('trains, shows how it learned, and inspects all images once', async () => {
    const { page, server, problems } = studio();
    problems.length = 0;
    await page.reload();
    await page.getByText('Options').click();
    await page.getByLabel('Image size').fill('64');
    await page.getByLabel('Passes over the images').fill('1');
    await page.getByRole('button', { name: 'Train' }).click();
    await page.getByRole('heading', { name: 'Version 1 is ready' }).waitFor({ timeout: 60_000 });
    await page.getByText(/^About 1 in \d+ good parts will alarm.* with 95% confidence/).waitFor();
    await page.getByRole('img', { name: /^The loss fell from/ }).waitFor();
    const maps = page.getByRole('img', { name: /^Anomaly map of/ });
    await expect.poll(() => maps.count()).toBe(4);
    const scored = async () => {
      const response = await server.send('GET', '/v1/projects/part/scores?model=part&version=1');
      return ((await response.json()) as { images: number[] }).images.length;
    };
    await expect.poll(scored).toBe(13);
    await page.reload();
    await page.getByRole('heading', { name: 'Version 1 is ready' }).waitFor();
    await expect.poll(() => maps.count()).toBe(4);
    await page.getByText(/^The last training took \d+ s/).waitFor();
    const jobs = await server.send('GET', '/v1/jobs?project=part&kind=inspect');
    expect(((await jobs.json()) as { jobs: object[] }).jobs).toHaveLength(1);
    expect(problems).toEqual([]);
  }, 120_000);

  it('says how long a training of another project took', async () => {
    const { page, server } = studio();
    await createProject(server, 'other');
    await page.goto(`${server.url}/#/other/train`);
    await page.reload();
    await page.getByText(/^The last training on this server took \d+ s/).waitFor();
    await page.getByText('Options').click();
    // None had this profile.
    await page.getByText('Accurate', { exact: true }).click();
    await page.getByText('Training takes minutes').waitFor();
  });

  it.each(looks)('has no serious fault in $colorScheme at $width pixels', async (look) => {
    const { page, server } = studio();
    await page.goto(`${server.url}/#/part/train`);
    await show(page, look);
    await page.getByRole('heading', { name: 'Version 1 is ready' }).waitFor();
    await page
      .getByRole('img', { name: /^Anomaly map of/ })
      .first()
      .waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
  });
});
