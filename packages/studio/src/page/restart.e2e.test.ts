import { afterAll, describe, expect, it } from 'vitest';
import { createProject } from '../../../server/testing/jobs.ts';
import { startServer, type TestServer } from '../../../server/testing/server.ts';
import { chromiumPath, useStudio } from '../../testing/page.ts';

// Skipped where there is no Chromium to open the page in.
describe.skipIf(chromiumPath === undefined)('a server that restarts under open pages', () => {
  const studio = useStudio();
  let again: TestServer | undefined;
  afterAll(() => again?.close());

  it('is noticed; a training goes on, and a second page sees the same', async () => {
    const { page, browser, server, at } = studio();
    await createProject(server, 'part');
    browser.setDefaultTimeout(120_000);
    await page.goto(`${server.url}/#/part/train`);
    await page.getByText('Options').click();
    await page.getByLabel('Image size').fill('64');
    await page.getByLabel('Passes over the images').fill('20');
    await page.getByRole('button', { name: 'Train' }).click();
    await page.getByRole('progressbar').waitFor();
    const second = await browser.newPage();
    await second.goto(`${server.url}/#/part/train`);
    await second.getByRole('progressbar').waitFor();

    await server.close();
    await page.getByText('No connection to the server.').waitFor();
    await second.getByText('No connection to the server.').waitFor();
    again = await startServer(at('data'), { port: Number(new URL(server.url).port) });
    for (const one of [page, second]) {
      await one.getByText('No connection to the server.').waitFor({ state: 'detached' });
      await one.getByRole('heading', { name: 'Version 1 is ready' }).waitFor();
    }
    const jobs = await again.send('GET', '/v1/jobs?project=part&kind=train');
    expect(((await jobs.json()) as { jobs: object[] }).jobs).toHaveLength(1);
    const models = await again.send('GET', '/v1/models/part');
    expect(await models.json()).toHaveLength(1);
  }, 180_000);
});
