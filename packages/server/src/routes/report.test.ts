import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { chromiumPath, openChromium } from '../../../report/testing/chromium.ts';
import { createProject, ended, tiny } from '../../testing/jobs.ts';
import { json, startServer, type TestServer, useFolder } from '../../testing/server.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const at = useFolder();
let server: TestServer;
let report: string;

beforeAll(async () => {
  server = await startServer(at('data'));
  await createProject(server, 'parts');
  const run = async (request: object) => {
    const { body } = await json(server, 'POST', '/v1/jobs', { project: 'parts', ...request });
    expect(await ended(server, body.id)).toMatchObject({ state: 'done' });
    return body.id as number;
  };
  await run({ kind: 'train', options: tiny });
  report = `${server.url}/v1/jobs/${await run({ kind: 'evaluate', model: 'parts' })}/report`;
});
afterAll(() => server.close());

// Skipped where there is no Chromium to open the page in: `BIGRID_CHROMIUM` names one in an unusual place.
describe.skipIf(chromiumPath === undefined)('the report of a job in Chromium', () => {
  it('works, and can reach nothing of the server', async () => {
    const browser = await openChromium(at('profile'));
    try {
      const page = await browser.newPage();
      const problems: string[] = [];
      page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
      page.on('pageerror', (error) => problems.push(String(error)));
      await page.goto(report);
      expect(await page.locator('.card').count()).toBe(5);
      await page.locator('#slider').focus();
      await page.keyboard.press('End');
      expect(await page.locator('.corner b[data-count=missed]').textContent()).toBe('2');
      expect(await page.locator('.corner b[data-count=passed]').textContent()).toBe('3');
      expect(problems).toEqual([]);
      expect(await page.evaluate('self.origin')).toBe('null');
      const fetched = page.evaluate('fetch("/v1/projects").then(() => "read", () => "refused")');
      expect(await fetched).toBe('refused');
    } finally {
      await browser.close();
    }
  });
});
