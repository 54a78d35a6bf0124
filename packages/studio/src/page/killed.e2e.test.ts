import { mkdir, writeFile } from 'node:fs/promises';
import type { CDPSession, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../../server/testing/free-port.ts';
import { ended } from '../../../server/testing/jobs.ts';
import {
  imageBytes,
  json,
  type KillableServer,
  startKillable,
} from '../../../server/testing/server.ts';
import { chromiumPath, useStudio } from '../../testing/page.ts';

// Skipped where there is no Chromium to open the page in.
describe.skipIf(chromiumPath === undefined)('a server that is killed under an open page', () => {
  const studio = useStudio();
  let server: KillableServer;
  let port: number;
  const start = async () => {
    server = await startKillable(studio().at('killed'), port);
  };
  beforeAll(async () => {
    port = await freePort();
    await start();
    await json(server, 'POST', '/v1/projects', { name: 'part' });
    studio().browser.setDefaultTimeout(110_000);
  });
  afterAll(() => server?.kill());

  /** Begins to upload images, and waits until some have arrived. */
  async function upload(page: Page, first: number, count: number): Promise<void> {
    const folder = studio().at(`images-${first}`);
    await mkdir(folder);
    for (let seed = first; seed < first + count; seed++) {
      await writeFile(`${folder}/${seed}.png`, await imageBytes(seed));
    }
    await page.getByLabel('Add folder').setInputFiles(folder);
    await page.waitForFunction(() => (document.querySelector('progress')?.value ?? 0) >= 8);
  }
  const listed = (page: Page, count: number) =>
    page.locator('.page-head').getByText(`${count} images`).waitFor();
  const total = async () => (await json(server, 'GET', '/v1/projects/part/images')).body.total;
  const trainings = async () =>
    (await json(server, 'GET', '/v1/jobs?project=part&kind=train')).body.jobs;

  async function train(page: Page): Promise<void> {
    await page.getByText('Options').click();
    await page.getByLabel('Image size').fill('64');
    await page.getByLabel('Passes over the images').fill('20');
    await page.getByRole('button', { name: 'Train' }).click();
    await page.getByRole('progressbar').waitFor();
  }

  it('goes on with an upload, and no image is lost or there twice', async () => {
    const { page } = studio();
    await page.goto(`${server.url}/#/part/images`);
    await page.getByText('No images yet').waitFor();
    await upload(page, 0, 60);
    await server.kill();
    await page.getByText('The server does not answer').waitFor();
    await start();
    await listed(page, 60);
    await page.getByRole('button', { name: 'Pause' }).waitFor({ state: 'detached' });
    expect(await total()).toBe(60);
  }, 240_000);

  it('goes on with a training, which gives one version', async () => {
    const { page } = studio();
    await page.goto(`${server.url}/#/part/train`);
    await train(page);
    await server.kill();
    await page.getByText('No connection to the server.').waitFor();
    await start();
    await page.getByRole('heading', { name: 'Version 1 is ready' }).waitFor();
    expect(await trainings()).toHaveLength(1);
    expect((await json(server, 'GET', '/v1/models/part')).body).toHaveLength(1);
  }, 240_000);

  it('shows a page that slept meanwhile what came of its training', async () => {
    const { page, browser } = studio();
    const session = await browser.newCDPSession(page);
    await train(page);
    await sleep(session);
    await server.kill();
    await start();
    const [{ id }] = await trainings();
    await ended(server, id);
    await wake(session);
    await page.getByRole('heading', { name: 'Version 2 is ready' }).waitFor();
    expect(await trainings()).toHaveLength(2);
  }, 240_000);

  it('takes the rest of an upload from a page that slept meanwhile', async () => {
    const { browser } = studio();
    const page = await browser.newPage();
    await page.addInitScript(() => localStorage.setItem('bigrid.language', 'en'));
    await page.goto(`${server.url}/#/part/images`);
    await listed(page, 60);
    const session = await browser.newCDPSession(page);
    await upload(page, 1000, 40);
    await sleep(session);
    await server.kill();
    await start();
    await wake(session);
    await listed(page, 100);
    await expect.poll(total).toBe(100);
  }, 240_000);
});

/** Stops a page as a closed computer does: none of its scripts runs, and timers and answers wait. */
async function sleep(session: CDPSession): Promise<void> {
  await session.send('Debugger.enable');
  const paused = new Promise((resolve) => session.once('Debugger.paused', resolve));
  await session.send('Debugger.pause');
  await paused;
}

async function wake(session: CDPSession): Promise<void> {
  await session.send('Debugger.resume');
  await session.send('Debugger.disable');
}
