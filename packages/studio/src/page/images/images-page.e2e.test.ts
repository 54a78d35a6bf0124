import { mkdir, stat, writeFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { imageBytes, maskBytes } from '../../../../server/testing/server.ts';
import { chromiumPath, looks, seriousFaults, show, useStudio } from '../../../testing/page.ts';

describe.skipIf(chromiumPath === undefined)('images page', () => {
  const studio = useStudio();

  /** Writes images into a folder. @returns their paths */
  async function files(folder: string, count: number, first = 0): Promise<string[]> {
    const { at } = studio();
    await mkdir(at(folder), { recursive: true });
    const all = Array.from({ length: count }, async (_, i) => {
      const path = at(folder, `${folder}-${i}.png`);
      await writeFile(path, await imageBytes(first + i));
      return path;
    });
    return Promise.all(all);
  }

  async function open(project: string): Promise<Page> {
    const { page, server } = studio();
    await page.goto(`${server.url}/#/${project}/images`);
    await page.reload();
    await page.getByRole('heading', { name: 'Images', exact: true }).waitFor();
    return page;
  }

  const tiles = (page: Page) => page.getByRole('listbox').getByRole('option');
  const count = (page: Page, text: string) => page.locator('.page-head').getByText(text).waitFor();

  beforeAll(async () => {
    for (const name of ['drop', 'cut', 'many']) {
      await studio().server.send('POST', '/v1/projects', { name });
    }
  });

  it('uploads what is dropped, labels it by keys, and has it after a reload', async () => {
    const { server, problems } = studio();
    const page = await open('drop');
    await page.getByText('No images yet').waitFor();
    const images = await Promise.all(Array.from({ length: 12 }, (_, i) => imageBytes(i)));
    await dropFiles(page, [
      ...images.map((bytes, i) => ({ name: `${i}.png`, bytes })),
      { name: 'notes.txt', bytes: Buffer.from('no image') },
    ]);
    await count(page, '12 images');
    await page.getByText('1 file could not be added').waitFor();
    await page.getByRole('button', { name: 'Dismiss: notes.txt' }).click();
    await tiles(page).nth(3).click();
    await page.keyboard.press('t');
    await page.getByText('1 image labelled: Good, for testing').waitFor();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('d');
    await page.getByLabel('Kind of defect').fill('scratch');
    await page.keyboard.press('Enter');
    await page.getByText('2 images labelled: scratch').waitFor();
    await page.keyboard.press('n');
    await page.getByText('2 images labelled: No label').waitFor();
    await page.keyboard.press('z');
    await page.getByText('2 images labelled: scratch').waitFor();

    await page.reload();
    await page.getByRole('button', { name: 'Defects 2' }).click();
    await expect.poll(() => tiles(page).count()).toBe(2);
    expect(await tiles(page).first().textContent()).toContain('scratch');
    const { images: counted } = await (await server.send('GET', '/v1/projects/drop')).json();
    expect(counted).toEqual({ training: 9, normal: 1, defects: 2, unlabelled: 0 });
    // The console names responses with errors, which the page tells itself.
    expect(problems.filter((line) => !line.includes('Failed to load resource'))).toEqual([]);
  });

  it('gives labels by folders', async () => {
    const { server, at } = studio();
    const page = await open('many');
    await mkdir(at('line/test/scratch'), { recursive: true });
    await mkdir(at('line/train/good'), { recursive: true });
    await writeFile(at('line/train/good/a.png'), await imageBytes(200));
    await writeFile(at('line/test/scratch/b.png'), await imageBytes(201, true));
    await writeFile(at('line/c.png'), await imageBytes(202));
    await page.getByLabel('Label of new images').selectOption('none');
    await page.getByLabel('Add folder').setInputFiles(at('line'));
    await count(page, '3 images');
    const { images } = await (await server.send('GET', '/v1/projects/many/images')).json();
    const labels = images.map(({ name, label, kind }: Record<string, unknown>) => [
      name,
      label,
      kind,
    ]);
    expect(new Set(labels)).toEqual(
      new Set([
        ['a.png', 'normal', null],
        ['b.png', 'defect', 'scratch'],
        ['c.png', null, null],
      ]),
    );
  });

  it('takes masks along with their images, also for images that were there before', async () => {
    const { server, at } = studio();
    await server.send('POST', '/v1/projects', { name: 'masks' });
    const page = await open('masks');
    const write = async (path: string, bytes: Uint8Array) => {
      await mkdir(at('mvtec', path, '..'), { recursive: true });
      await writeFile(at('mvtec', path), bytes);
    };
    await write('train/good/000.png', await imageBytes(210));
    await write('test/spot/000.png', await imageBytes(211, true));
    await page.getByLabel('Add folder').setInputFiles(at('mvtec'));
    await count(page, '2 images');
    await write('test/spot/001.png', await imageBytes(212, true));
    for (const name of ['000', '001', '002']) {
      await write(`ground_truth/spot/${name}_mask.png`, await maskBytes());
    }
    await page.getByLabel('Add folder').setInputFiles(at('mvtec'));
    await count(page, '3 images');
    await page.getByText('1 file could not be added').waitFor();
    await page.getByText('mvtec/ground_truth/spot/002_mask.png', { exact: true }).waitFor();
    const { images } = await (await server.send('GET', '/v1/projects/masks/images')).json();
    const marked = images.map(({ kind, hasGroundTruth }: Record<string, unknown>) =>
      [kind, hasGroundTruth].join(' '),
    );
    expect(marked.sort()).toEqual([' false', 'spot true', 'spot true']);
    // The page knows it without a reload.
    await tiles(page).filter({ hasText: 'spot' }).first().dblclick();
    await page.getByRole('img', { name: 'Where the defect is' }).waitFor();
  });

  it('says in the language of the page why a file could not be added', async () => {
    const page = await open('masks');
    await page.getByText('Settings').click();
    await page.getByLabel('Language').selectOption('de');
    await dropFiles(page, [{ name: 'notes.txt', bytes: Buffer.from('no image') }]);
    await page.getByText('Die Datei lässt sich nicht als Bild lesen.').waitFor();
    await page.getByText('(Expected one of PNG').waitFor();
    await page.getByLabel('Sprache').selectOption('en');
  });

  it('goes on with an upload that was cut', async () => {
    const { browser, server } = studio();
    const page = await open('cut');
    const paths = await files('cut', 60, 300);
    await page.getByLabel('Add images').setInputFiles(paths);
    await page.waitForFunction(() => (document.querySelector('progress')?.value ?? 0) >= 20);
    await browser.setOffline(true);
    await page.getByText('The server does not answer').waitFor();
    const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
    const bytes = sizes.reduce((a, b) => a + b);
    await page.getByText(`/ ${(bytes / 1e6).toFixed(1)} MB`).waitFor();
    await browser.setOffline(false);
    await count(page, '60 images');
    await page.getByRole('button', { name: 'Pause' }).waitFor({ state: 'detached' });

    // After a reload, the same files are known.
    await page.reload();
    await count(page, '60 images');
    const more = await files('more', 3, 400);
    await page.getByLabel('Add images').setInputFiles([...paths, ...more]);
    await count(page, '63 images');
    const { total } = await (await server.send('GET', '/v1/projects/cut/images')).json();
    expect(total).toBe(63);
  });

  it('removes images unless it is undone', async () => {
    const { server } = studio();
    const page = await open('cut');
    await count(page, '63 images');
    await tiles(page).first().click();
    await page.keyboard.press('Delete');
    await count(page, '62 images');
    await page.keyboard.press('z');
    await count(page, '63 images');
    await page.keyboard.press('Control+a');
    await page.getByText('63 selected').waitFor();
    await page.keyboard.press('Delete');
    await page.getByText('63 images removed').waitFor();
    // Leaving the page ends the time to undo.
    await page.getByRole('link', { name: 'Train' }).click();
    await expect
      .poll(async () => (await (await server.send('GET', '/v1/projects/cut/images')).json()).total)
      .toBe(0);
  });

  it('lists what a check finds, with its remedies', async () => {
    const { server } = studio();
    await server.send('POST', '/v1/projects', { name: 'check' });
    for (let i = 0; i < 5; i++) {
      await server.send(
        'POST',
        `/v1/projects/check/images?label=normal&name=${i}.png`,
        await imageBytes(i === 4 ? 3 : 500 + i),
      );
    }
    const page = await open('check');
    await page.getByRole('button', { name: 'Check images' }).click();
    await page.getByText('Findings of the check').waitFor();
    expect(await page.locator('.finding').count()).toBeGreaterThan(0);
  });

  it.each(looks)('has no serious fault in $colorScheme at $width pixels', async (look) => {
    const page = await open('drop');
    await show(page, look);
    await tiles(page).first().click();
    await page.keyboard.press('d');
    await page.getByLabel('Kind of defect').waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
  });
});

/** Drops files onto the page, as a file manager does. */
async function dropFiles(
  page: Page,
  files: readonly { readonly name: string; readonly bytes: Buffer }[],
): Promise<void> {
  const given = files.map(({ name, bytes }) => ({ name, text: bytes.toString('base64') }));
  await page.evaluate((all) => {
    const data = new DataTransfer();
    for (const { name, text } of all) {
      const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
      data.items.add(new File([bytes], name));
    }
    const options = { dataTransfer: data, bubbles: true, cancelable: true };
    for (const type of ['dragover', 'drop'])
      document.body.dispatchEvent(new DragEvent(type, options));
  }, given);
}
