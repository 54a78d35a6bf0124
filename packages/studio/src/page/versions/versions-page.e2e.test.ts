import { beforeAll, describe, expect, it, vi } from 'vitest';
import { ended, tiny } from '../../../../server/testing/jobs.ts';
import { json } from '../../../../server/testing/server.ts';
import { chromiumPath, looks, seriousFaults, show, useStudio } from '../../../testing/page.ts';

// Jobs start processes, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const PROJECT = '/v1/projects/line';

interface ListedImage {
  readonly id: number;
  readonly label: string | null;
}

// Skipped where there is no Chromium to open the page in.
describe.skipIf(chromiumPath === undefined)('versions page', () => {
  const studio = useStudio();
  const call = async (method: string, path: string, body?: unknown) =>
    (await json(studio().server, method, path, body)).body;
  const run = async (job: object) => {
    const { id } = await call('POST', '/v1/jobs', { project: 'line', ...job });
    const { state, error } = await ended(studio().server, id);
    expect([state, error]).toEqual(['done', null]);
  };
  const active = async () =>
    (await call('GET', '/v1/models/line')).find(({ isActive }: { isActive: boolean }) => isActive)
      .version;
  const open = async (path: string) => {
    const { page, server } = studio();
    await page.goto(`${server.url}/#/`);
    await page.goto(`${server.url}/#/line/${path}`);
  };
  const says = (text: string | RegExp) => studio().page.getByText(text).waitFor();

  /** A good image without a label, which the model calls anomalous. */
  let alarm: number;
  beforeAll(async () => {
    studio().page.setDefaultTimeout(60_000);
    await call('POST', `${PROJECT}/sample`);
    await run({ kind: 'train', options: tiny });
    await run({ kind: 'inspect', model: 'line' });
    const { images } = await call('GET', `${PROJECT}/images?limit=1000`);
    const known = await call('GET', `${PROJECT}/scores?model=line`);
    const scoreOf = (id: number): number => known.scores[known.images.indexOf(id)];
    const [highest, second] = (images as ListedImage[])
      .flatMap(({ id, label }) => (label === 'normal' ? [id] : []))
      .sort((a, b) => scoreOf(b) - scoreOf(a));
    alarm = highest as number;
    const threshold = String((scoreOf(alarm) + scoreOf(second as number)) / 2);
    await call('PUT', '/v1/models/line/versions/1/settings', { threshold });
    await call('PATCH', `${PROJECT}/images`, { images: [alarm], label: 'none' });
  });

  it('learns a false positive marked by keyboard, compares, adopts, and rolls back', async () => {
    const { page, problems } = studio();
    await open(`inspect/${alarm}`);
    await says('No label');
    await page.keyboard.press('f');
    await says('Labelled good');

    await open('versions');
    await page.getByRole('button', { name: 'Learn 1 false positive' }).click();
    await says(/^On the same images for testing: \d+ good ones and 24 defects$/);
    await says(/^Of 1 false positive that it learned, /);
    const rows = await page
      .locator('.numbers tbody tr')
      .evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent)));
    const number = expect.stringMatching(/^\d+(\.\d+)?$/);
    const good = expect.stringMatching(/^\d+ of \d+$/);
    const defects = expect.stringMatching(/^\d+ of 24$/);
    expect(rows).toEqual([
      ['False positives', good, good],
      ['Missed defects', defects, defects],
      ['AUROC', number, number],
      ['Threshold', number, number],
    ]);
    // Nothing has changed so far, and the comparison is found again.
    expect(await active()).toBe(1);
    await page.reload();
    await page.getByRole('button', { name: 'Adopt version 2' }).click();
    await says('Version 2 is in use.');
    expect(await active()).toBe(2);
    await page.getByRole('button', { name: 'Use: 1' }).click();
    await says('Version 1 is in use.');
    expect(await active()).toBe(1);
    expect(problems).toEqual([]);
  });

  it('claims no difference that the numbers do not hold', async () => {
    const { page } = studio();
    await open('versions/1-2');
    await says(/^(Both versions judge every image alike|No difference can be shown)/);
    // One version that calls everything anomalous is worse without a doubt.
    await call('PUT', '/v1/models/line/versions/2/settings', { threshold: '1e6' });
    await page.reload();
    await says(/^Version 1 judges more images correctly: .*\(p < 0.001, McNemar\)\.$/);
    await page.locator('.changed-image').first().click();
    await expect.poll(() => page.locator('.both-versions canvas').count()).toBe(2);
  });

  it('keeps notes, and deletes a version after a question', async () => {
    const { page } = studio();
    await open('versions');
    await page.getByLabel('Note: 2').fill('with the new lamp');
    await page.keyboard.press('Enter');
    await expect
      .poll(async () => (await call('GET', '/v1/models/line/versions/2')).note)
      .toBe('with the new lamp');
    await page.getByRole('button', { name: 'Delete: 2' }).click();
    await says('Delete version 2?');
  });

  it.each(looks)('has no serious fault in $colorScheme at $width pixels', async (look) => {
    const { page } = studio();
    await show(page, look);
    await open('versions/1-2');
    await says('On the same images for testing');
    expect(await seriousFaults(page)).toEqual([]);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
  });
});
