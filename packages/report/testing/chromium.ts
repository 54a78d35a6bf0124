import { accessSync, constants } from 'node:fs';
import type { BrowserContext } from 'playwright-core';

const places = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Where a Chromium is: `BIGRID_CHROMIUM`, or a usual place; undefined where there is none. */
export const chromiumPath = [process.env.BIGRID_CHROMIUM ?? '', ...places].find((path) => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
});

/** Starts a Chromium without a window, with a profile of its own in that folder; close it when done. */
export async function openChromium(
  profile: string,
  flags: readonly string[] = [],
): Promise<BrowserContext> {
  const { chromium } = await import('playwright-core');
  return chromium.launchPersistentContext(profile, {
    executablePath: chromiumPath ?? '',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      ...flags,
    ],
  });
}
