import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { createProject, ended, tiny } from '../../../server/testing/jobs.ts';
import { json } from '../../../server/testing/server.ts';
import { chromiumPath, seriousFaults, useStudio } from '../../testing/page.ts';

/** What each page shows once it is there. */
const pages = [
  ['images', '.virtual-grid [role=option]'],
  ['train', 'h1'],
  ['threshold', 'input[type=range]'],
  ['inspect', '.filmstrip [role=option]'],
  ['versions', 'table'],
  ['watch', '.verdict-log'],
  ['export', 'pre'],
] as const;

const overflow = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

// Skipped where there is no Chromium to open the page in.
describe.skipIf(chromiumPath === undefined)('every page', () => {
  const studio = useStudio();

  beforeAll(async () => {
    const { server } = studio();
    await createProject(server, 'part');
    for (const job of [
      { kind: 'train', project: 'part', options: tiny },
      { kind: 'inspect', project: 'part', model: 'part' },
    ]) {
      await ended(server, (await json(server, 'POST', '/v1/jobs', job)).body.id);
    }
  }, 120_000);

  async function open(name: string, ready: string): Promise<Page> {
    const { page, server } = studio();
    await page.goto(`${server.url}/#/part/${name}`);
    await page.locator(ready).first().waitFor();
    return page;
  }

  it.each(pages)('%s fits in German at twice the size, also from right to left', async (...at) => {
    const { page } = studio();
    // After the script of the studio's tests, which chooses English.
    await page.addInitScript(() => localStorage.setItem('bigrid.language', 'de'));
    // Half of 1280 pixels.
    await page.setViewportSize({ width: 640, height: 400 });
    await open(...at);
    await page.reload();
    await page.locator(at[1]).first().waitFor();
    expect(await page.evaluate(() => document.documentElement.lang)).toBe('de');
    await page.evaluate(() => {
      document.documentElement.dir = 'rtl';
    });
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    await page.evaluate(() => document.documentElement.removeAttribute('dir'));
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    expect(await seriousFaults(page)).toEqual([]);
  });

  it.each(pages)('%s can be used by keyboard alone', async (...at) => {
    await studio().page.setViewportSize({ width: 1280, height: 800 });
    const page = await open(...at);
    expect(await unreachable(page)).toEqual([]);
  });
});

/** What can be clicked on a page but is not reached by Tab, apart from what arrow keys reach in its group. */
async function unreachable(page: Page): Promise<string[]> {
  const count = await page.evaluate(() => {
    const all = [...document.querySelectorAll<HTMLElement>('a, button, input, select, summary')];
    const reachable = all.filter((element) => {
      const isOff = element.matches(':disabled, [tabindex="-1"]') || !element.checkVisibility();
      const isOther = element.matches('input[type=radio]:not(:checked)');
      return (
        !isOff && !isOther && element.closest('[role=listbox], [role=list].virtual-grid') === null
      );
    });
    for (const element of reachable) element.dataset.untouched = '';
    document.body.addEventListener('focusin', ({ target }) => {
      delete (target as HTMLElement).dataset.untouched;
    });
    (document.activeElement as HTMLElement | null)?.blur();
    return all.length;
  });
  for (let pressed = 0; pressed < 2 * count; pressed++) await page.keyboard.press('Tab');
  return page.evaluate(() =>
    [...document.querySelectorAll('[data-untouched]')].map((element) =>
      element.outerHTML.slice(0, 200),
    ),
  );
}
