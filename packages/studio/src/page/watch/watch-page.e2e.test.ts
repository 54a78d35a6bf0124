import { mkdtempSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imageBytes, json, tinyModel } from '../../../../server/testing/server.ts';
import { chromiumPath, looks, seriousFaults, show, useStudio } from '../../../testing/page.ts';

// Skipped where there is no Chromium to open the page in.
describe.skipIf(chromiumPath === undefined)('watch page', () => {
  const line = mkdtempSync(join(tmpdir(), 'bigrid-line-'));
  const studio = useStudio({ watch: [line] });
  let receiver: Server | undefined;
  afterAll(async () => {
    receiver?.close();
    await rm(line, { recursive: true, force: true });
  });

  beforeAll(async () => {
    const { server } = studio();
    await server.send('POST', '/v1/projects', { name: 'part' });
  }, 120_000);

  const open = async () => {
    const { page, server } = studio();
    await page.goto(`${server.url}/#/part/watch`);
    await page.reload();
  };

  it('says what is missing without a model', async () => {
    const { page } = studio();
    await open();
    await page.getByText('There is no model to monitor yet.').waitFor();
  });

  it('shows whether images drift, and every verdict', async () => {
    const { page, server, problems } = studio();
    await server.send('POST', '/v1/models/part/versions', await tinyModel());
    for (let at = 0; at < 12; at++) {
      const form = new FormData();
      form.append('file', new Blob([new Uint8Array(await imageBytes(at))]), `part-${at}.png`);
      await (await server.send('POST', '/v1/models/part/inspect', form)).text();
    }
    await open();
    await page.getByText(/The latest 12 images look|Moved since calibration/).waitFor();
    expect(await page.locator('.drift-charts figure').count()).toBe(7);
    expect(await page.locator('.verdict-log tbody tr').count()).toBe(12);
    await page.getByPlaceholder('Search names').fill('part-11');
    await page.locator('.verdict-log tbody tr').nth(1).waitFor({ state: 'detached' });
    expect(await page.locator('.verdict-log tbody tr').textContent()).toContain('part-11.png');
    expect(problems).toEqual([]);
  }, 120_000);

  it('saves what is listed as CSV', async () => {
    const { page } = studio();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download CSV' }).click(),
    ]);
    const lines = (await readFile(await download.path(), 'utf8')).trim().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[1]).toContain('part-11.png');
  });

  it('names the streams that drift', async () => {
    const { page, server } = studio();
    const dark = await sharp(await imageBytes(1))
      .linear(0.6, 0)
      .png()
      .toBuffer();
    for (let n = 0; n < 200; n++) await writeFile(join(line, `${n}.png`), dark);
    const source = { type: 'folder', path: line };
    await server.send('POST', '/v1/streams', { name: 'line-1', model: 'part', source });
    const drift = async () => {
      const { body } = await json(server, 'GET', '/v1/streams/line-1');
      return body.state.drift?.drifted;
    };
    await expect.poll(drift, { timeout: 60_000, interval: 500 }).toBe(true);
    await open();
    await page.getByText(/The stream line-1 has been drifting since .*Brightness/).waitFor();
  }, 120_000);

  it('keeps the time that was chosen in the URL', async () => {
    const { page } = studio();
    await page.getByText('30 days').click();
    await page.reload();
    expect(await page.getByLabel('30 days').isChecked()).toBe(true);
  });

  it('sets up an alert, tries it out, and removes it', async () => {
    const { page, server, problems } = studio();
    const second = join(line, 'second');
    await mkdir(second);
    const source = { type: 'folder', path: second };
    await server.send('POST', '/v1/streams', { name: 'line-2', model: 'part', source });
    // biome-ignore lint/suspicious/noExplicitAny: JSON.
    const received: any[] = [];
    receiver = createServer(async (request, response) => {
      const chunks = await request.toArray();
      received.push(JSON.parse(Buffer.concat(chunks).toString()));
      response.end();
    });
    await new Promise<void>((resolve) => receiver?.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
    await open();
    problems.length = 0;
    await page.getByText('Add an alert').click();
    await page.getByLabel('Stream').selectOption('line-2');
    await page.getByLabel('Address').fill(`${url}hook`);
    await page.getByRole('button', { name: 'Send a test' }).click();
    await page.getByText('The test message was accepted.').waitFor();
    expect(received).toMatchObject([{ type: 'test', stream: 'line-2' }]);
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    const alert = page.locator('.alerts li');
    await alert.getByText(url).waitFor();
    expect(problems).toEqual([]);

    await writeFile(join(second, 'spot.png'), await imageBytes(0, true));
    await alert.getByText('1 delivered').waitFor();
    await expect.poll(() => received.length).toBe(2);
    expect(received[1]).toMatchObject({ stream: 'line-2', verdict: 'anomalous' });
    receiver.close();
    receiver.closeAllConnections();
    await alert.getByRole('button', { name: 'Send a test' }).click();
    await page.getByText(`Expected ${url} to accept a test message`).waitFor();
    await writeFile(join(second, 'refused.png'), await imageBytes(2, true));
    await page.getByText('Settings').click();
    await page.getByLabel('Language').selectOption('de');
    await alert.getByText(/^Ergebnisse kommen zurzeit nicht an\. \(/).waitFor();
    await page.getByLabel('Sprache').selectOption('en');
    await alert.getByRole('button', { name: 'Remove: Webhook' }).click();
    await alert.getByRole('button', { name: 'Remove', exact: true }).click();
    await page.getByText('No alerts yet.').waitFor();
    expect((await json(server, 'GET', '/v1/streams/line-2')).body.sinks).toEqual([]);
  }, 60_000);

  it.each(looks)('has no serious fault in $colorScheme at $width pixels', async (look) => {
    const { page } = studio();
    await show(page, look);
    await page.getByRole('heading', { name: 'Verdicts' }).waitFor();
    await page.locator('.alerts details').evaluate((details) => details.setAttribute('open', ''));
    expect(await seriousFaults(page)).toEqual([]);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
  });
});
