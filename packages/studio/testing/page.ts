import axe from 'axe-core';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { chromiumPath, openChromium } from '../../report/testing/chromium.ts';
import { startServer, type TestServer, useFolder } from '../../server/testing/server.ts';

export { chromiumPath };

/** What the tests of a file share. */
export interface Studio {
  readonly server: TestServer;
  readonly browser: BrowserContext;
  readonly page: Page;
  /** Console messages and errors of the page, and its requests to others than the server. */
  readonly problems: string[];
  /** A path in a folder for the files of the test. */
  at(...parts: string[]): string;
}

/** A camera that shows generated images, and whose use is allowed without a question. */
const camera = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];

/** A server with the studio, and a page of it in Chromium, in English. @returns gives them, once tests run */
export function useStudio(options: Readonly<Record<string, unknown>> = {}): () => Studio {
  const at = useFolder();
  let studio: Studio;
  beforeAll(async () => {
    const server = await startServer(at('data'), options);
    const browser = await openChromium(at('profile'), camera);
    const page = await browser.newPage();
    await page.addInitScript(() => {
      if (location.protocol !== 'about:') localStorage.setItem('bigrid.language', 'en');
    });
    await page.emulateMedia({ reducedMotion: 'reduce' });
    const problems: string[] = [];
    page.on('console', (message) => {
      if (message.type() !== 'debug') problems.push(`${message.type()}: ${message.text()}`);
    });
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(server.url) && !/^(data|blob):/.test(url)) {
        problems.push(`asks for ${url}`);
      }
    });
    studio = { server, browser, page, problems, at };
  }, 120_000);
  afterAll(async () => {
    await studio?.browser.close();
    await studio?.server.close();
  });
  return () => studio;
}

/** What axe finds serious or critical on a page, in a line each. */
export async function seriousFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: typeof axe }).axe.run(),
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`),
    );
}

/** The themes and widths that every page has to work in. */
export const looks = (['light', 'dark'] as const).flatMap((colorScheme) =>
  [1280, 390].map((width) => ({ colorScheme, width, height: 844 })),
);

/** Shows a page in a theme and a width. */
export async function show(
  page: Page,
  { colorScheme, width, height }: (typeof looks)[number],
): Promise<void> {
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  await page.setViewportSize({ width, height });
  await page.locator(`html[data-theme=${colorScheme}]`).waitFor({ state: 'attached' });
}
