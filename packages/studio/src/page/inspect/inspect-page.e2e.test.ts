import { beforeAll, describe, expect, it } from 'vitest';
import { createProject } from '../../../../server/testing/jobs.ts';
import { imageBytes, json, tinyModel } from '../../../../server/testing/server.ts';
import { chromiumPath, looks, seriousFaults, show, useStudio } from '../../../testing/page.ts';

interface ListedImage {
  readonly id: number;
  readonly name: string;
  readonly label: string | null;
  readonly kind: string | null;
  readonly split: string;
}

// Skipped where there is no Chromium to open the page in.
describe.skipIf(chromiumPath === undefined)('inspect page', () => {
  const studio = useStudio();
  const listed = async (name: string) => {
    const { body } = await json(studio().server, 'GET', '/v1/projects/part/images?limit=1000');
    return (body.images as ListedImage[]).find((image) => image.name === name);
  };
  /** Opens a view of the page. */
  const open = async (detail = '') => {
    const { page, server } = studio();
    await page.goto(`${server.url}/#/`);
    await page.goto(`${server.url}/#/part/inspect/${detail}`);
  };
  const heading = (name: string) => studio().page.getByRole('heading', { name, exact: true });
  const labelled = (text: string) => studio().page.getByText(text).waitFor();

  beforeAll(async () => {
    const { server, page } = studio();
    page.setDefaultTimeout(50_000);
    await createProject(server, 'part');
    const added = await server.send('POST', '/v1/models/part/versions', await tinyModel());
    if (added.status !== 201) throw new Error(await added.text());
  }, 120_000);

  it('inspects the images of the project, and shows them by score and by verdict', async () => {
    const { page, problems } = studio();
    // The one that is shown large is inspected at once, after which there are 12: not before 13 were seen.
    const seen = Promise.withResolvers<void>();
    await page.route('**/inspection?*', (route) => seen.promise.then(() => route.continue()));
    await open();
    await page.getByText('13 images have no score of this version.').waitFor();
    seen.resolve();
    await page.getByRole('button', { name: 'Inspect them' }).click();
    // The spots score highest.
    const names = () =>
      page.locator('.filmstrip [role=option]').evaluateAll((all) =>
        all.map((one) => {
          const verdict = one.querySelector('.visually-hidden')?.textContent;
          return `${one.querySelector('img')?.alt}, ${verdict}`;
        }),
      );
    await expect
      .poll(async () => (await names()).slice(0, 2).sort())
      .toEqual(['0-12.png, Anomalous', '1-13.png, Anomalous']);
    await page.getByText(/^Normal \d+$/).click();
    expect((await names()).filter((name) => !name.endsWith('Normal'))).toEqual([]);
    await page.getByText(/^All \d+$/).click();
    expect(problems).toEqual([]);
  });

  it('shows score, p-value and regions of an image, in step side by side', async () => {
    const { page } = studio();
    await open('12');
    await heading('0-12.png').waitFor();
    await labelled('As high as 1 in 9 good images.');
    await page.getByRole('heading', { name: /^\d+ regions?$/ }).waitFor();
    await page.getByText('Side by side').click();
    const views = page.locator('.zoom-view');
    expect(await views.count()).toBe(2);
    await page.getByRole('img', { name: 'Heat map', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Zoom in' }).click();
    const places = await page
      .locator('.zoom-view > .layer')
      .evaluateAll((layers) => layers.map((layer) => (layer as HTMLElement).style.transform));
    expect(places[0]).toContain('scale(1.5)');
    expect(places[1]).toBe(places[0]);
    await page.getByText('Overlaid').click();
  });

  it('marks by keyboard alone, and takes it back', async () => {
    const { page } = studio();
    await open('12');
    await heading('0-12.png').waitFor();
    await page.keyboard.press('f');
    await labelled('Labelled good');
    await page.getByText('False positive', { exact: true }).first().waitFor();
    expect(await listed('0-12.png')).toMatchObject({ label: 'normal', split: 'test' });

    // On the same page, which remembers what to take back.
    await page.goto(`${studio().server.url}/#/part/inspect/1`);
    await heading('0.png').waitFor();
    await page.keyboard.press('m');
    await page.getByLabel('Kind of defect').waitFor();
    await page.keyboard.type('hairline crack');
    await page.keyboard.press('Enter');
    await labelled('Labelled as a defect: hairline crack');
    expect(await listed('0.png')).toMatchObject({ label: 'defect', kind: 'hairline crack' });
    await page.getByText('Marked 2').waitFor();

    // Another page in between.
    await page.getByRole('link', { name: 'Monitor' }).click();
    await page.getByRole('heading', { name: 'Monitor' }).waitFor();
    await page.getByRole('link', { name: 'Inspect' }).click();
    await page.locator('.verdict-panel').waitFor();
    await page.keyboard.press('u');
    await heading('0.png').waitFor();
    await labelled('Labelled good');
    expect(await listed('0.png')).toMatchObject({ label: 'normal', split: 'train' });
    await page.keyboard.press('Control+z');
    await heading('0-12.png').waitFor();
    await labelled('Labelled as a defect: spot');
    expect(await listed('0-12.png')).toMatchObject({ label: 'defect', kind: 'spot' });
    await page.getByText('Marked 0').waitFor();
  });

  it('goes to the next and the previous image by keys, in the order shown', async () => {
    const { page } = studio();
    await open();
    const selected = page.locator('[role=option][aria-selected=true]');
    const position = () => selected.getAttribute('aria-posinset');
    await selected.waitFor();
    for (const [key, expected] of [
      ['j', '2'],
      ['ArrowRight', '3'],
      ['k', '2'],
      ['ArrowLeft', '1'],
      ['ArrowLeft', '1'],
    ] as const) {
      await page.keyboard.press(key);
      await expect.poll(position).toBe(expected);
    }
  });

  it('takes dropped images into the project without a label, and inspects them', async () => {
    const { page } = studio();
    await open();
    await page.locator('.filmstrip [role=option]').first().waitFor();
    const bytes = [...(await imageBytes(77, true))];
    const data = await page.evaluateHandle((content) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([new Uint8Array(content)], 'new.png', { type: 'image/png' }));
      transfer.items.add(new File(['no image'], 'notes.txt'));
      return transfer;
    }, bytes);
    await page.dispatchEvent('body', 'drop', { dataTransfer: data });
    await heading('new.png').waitFor();
    await labelled('No label');
    await page.getByText('for notes.txt').waitFor();
    await page.locator('.verdict-panel').getByText('Anomalous').waitFor();
    expect(await listed('new.png')).toMatchObject({ label: null });
  });

  it.each(looks)('has no serious fault in $colorScheme at $width pixels', async (look) => {
    const { page } = studio();
    await show(page, look);
    await open('12');
    await heading('0-12.png').waitFor();
    await page.getByRole('img', { name: 'Heat map', exact: true }).waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
  });
});
