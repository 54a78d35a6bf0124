import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { chromiumPath, openChromium } from '../../../report/testing/chromium.ts';
import { openApp, useServices } from '../../testing/app.ts';

const services = useServices();

// Without a browser installed, nothing can be said about its view of the policy.
it.skipIf(!chromiumPath)(
  'shows all routes in a browser, under the policy for scripts',
  async () => {
    const app = await openApp(services(), { keysRequired: false });
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    const profile = await mkdtemp(join(tmpdir(), 'bigrid-docs-'));
    const browser = await openChromium(profile);
    try {
      const page = await browser.newPage();
      const problems: string[] = [];
      page.on('console', (message) => {
        if (message.type() === 'error') problems.push(message.text());
      });
      page.on('pageerror', (error) => problems.push(error.message));
      await page.goto(`${url}/docs`);
      await page.getByText('Inspect an image, or several').first().waitFor();
      await page.getByText('/v1/models', { exact: true }).first().click();
      await page.getByRole('button', { name: 'Try it out' }).click();
      await page.getByRole('button', { name: 'Execute' }).click();
      await page.getByText('Server response').waitFor();
      expect(problems).toEqual([]);
    } finally {
      await browser.close();
      await app.close();
      await rm(profile, { recursive: true, force: true });
    }
  },
);
