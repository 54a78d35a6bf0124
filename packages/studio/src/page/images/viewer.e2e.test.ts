import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { imageBytes } from '../../../../server/testing/server.ts';
import { chromiumPath, looks, seriousFaults, show, useStudio } from '../../../testing/page.ts';

describe.skipIf(chromiumPath === undefined)('an image, large', () => {
  const studio = useStudio();

  beforeAll(async () => {
    const { server } = studio();
    await server.send('POST', '/v1/projects', { name: 'parts' });
    for (const seed of [1, 2, 3]) {
      const label = seed === 2 ? 'label=defect&kind=scratch' : 'label=normal';
      const path = `/v1/projects/parts/images?name=${seed}.png&${label}`;
      await server.send('POST', path, await imageBytes(seed));
    }
  });

  async function open(detail: string | number): Promise<Page> {
    const { page, server } = studio();
    await page.goto('about:blank');
    await page.goto(`${server.url}/#/parts/images/${detail}`);
    return page;
  }

  const heading = (page: Page, name: string) =>
    page.getByRole('heading', { name, exact: true }).waitFor();

  it('opens from the grid, goes to the next, is labelled, and closes', async () => {
    const page = await open('');
    const tiles = page.getByRole('listbox').getByRole('option');
    await tiles.first().dblclick();
    await heading(page, '1.png');
    await page.keyboard.press('ArrowRight');
    await heading(page, '2.png');
    await page.keyboard.press('ArrowRight');
    await heading(page, '3.png');
    await page.keyboard.press('t');
    await page.getByText('1 image labelled: Good, for testing').waitFor();
    await page.keyboard.press('Escape');
    await tiles.nth(2).getByText('Good · test').waitFor();
    expect(await tiles.nth(2).locator('.active').count()).toBe(1);
  });

  it('zooms by keys and by the wheel, and pans', async () => {
    const page = await open(1);
    const view = page.getByRole('region', { name: '1.png' }).last();
    const layer = page.locator('.zoom-view > .layer');
    const transform = () => layer.evaluate((element) => (element as HTMLElement).style.transform);
    await view.focus();
    await page.keyboard.press('+');
    await expect.poll(transform).toContain('scale(1.5)');
    const before = await transform();
    await view.hover();
    await page.mouse.down();
    await page.mouse.move(500, 300, { steps: 4 });
    await page.mouse.up();
    expect(await transform()).not.toBe(before);
    await page.mouse.wheel(0, -300);
    await expect.poll(transform).not.toContain('scale(1.5)');
    await page.keyboard.press('0');
    await expect.poll(transform).toContain('scale(1)');
  });

  it('draws areas to ignore, by the pointer and by keys, and takes them back', async () => {
    const { server } = studio();
    const ignored = async () => {
      const { ignored: areas } = await (await server.send('GET', '/v1/projects/parts')).json();
      return areas?.polygons ?? null;
    };
    const page = await open(1);
    await page.getByRole('button', { name: 'Areas to ignore' }).click();
    const { x, y, width, height } = (await page.locator('.area-editor').boundingBox()) ?? box();
    for (const [u, v] of [
      [0.25, 0.25],
      [0.75, 0.25],
      [0.75, 0.5],
    ] as const) {
      await page.mouse.click(x + u * width, y + v * height);
    }
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect.poll(ignored).not.toBeNull();
    const [[first, second, third]] = await ignored();
    for (const [corner, right] of [
      [first, [16, 16]],
      [second, [48, 16]],
      [third, [48, 32]],
    ]) {
      expect(Math.hypot(corner[0] - right[0], corner[1] - right[1])).toBeLessThan(0.5);
    }

    // A dab of the brush in the middle, which a polygon is traced around.
    await page.getByRole('button', { name: 'Areas to ignore' }).click();
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.getByText('Brush').click();
    await page.getByRole('application', { name: 'Areas to ignore' }).focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press(' ');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect.poll(async () => (await ignored())?.[0].length).toBeGreaterThan(3);
    for (const [cx, cy] of (await ignored())[0]) {
      expect(Math.hypot(cx - 32.64, cy - 32)).toBeLessThan(2.5);
    }

    await page.getByRole('button', { name: 'Areas to ignore' }).click();
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.getByRole('button', { name: 'Save' }).click();
    await expect.poll(ignored).toBeNull();
  });

  it('marks where a defect is, keeps it over a reload, and takes it back', async () => {
    const { server, problems } = studio();
    const status = async () =>
      (await server.send('GET', '/v1/projects/parts/images/2/ground-truth')).status;
    const page = await open(2);
    problems.length = 0;
    await page.getByRole('button', { name: 'Mark the defect' }).click();
    await page.getByRole('application', { name: 'Where the defect is' }).focus();
    await page.keyboard.press(' ');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect.poll(status).toBe(200);
    await open(2);
    await page.getByRole('button', { name: 'Mark the defect' }).click();
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.getByRole('button', { name: 'Save' }).click();
    await expect.poll(status).toBe(404);
    expect(problems).toEqual([]);
  });

  it('takes images by a camera', async () => {
    const { server } = studio();
    const page = await open('');
    await page.evaluate(() => {
      // A camera that sees a canvas.
      navigator.mediaDevices.getUserMedia = async () => {
        const canvas = document.createElement('canvas');
        const context = canvas.getContext('2d');
        setInterval(() => context?.fillRect(0, 0, 9, 9), 50);
        return canvas.captureStream();
      };
    });
    await page.getByRole('button', { name: 'Camera', exact: true }).click();
    await page.getByRole('button', { name: 'Take image' }).click();
    await page.getByText('1 image taken').waitFor();
    const total = async () =>
      (await (await server.send('GET', '/v1/projects/parts/images?search=camera')).json()).total;
    await expect.poll(total).toBe(1);
  });

  it('says what to do where there is no camera', async () => {
    const page = await open('');
    await page.evaluate(() => {
      navigator.mediaDevices.getUserMedia = async () => {
        throw new DOMException('', 'NotAllowedError');
      };
    });
    await page.getByRole('button', { name: 'Camera', exact: true }).click();
    await page.getByText('The browser does not allow the camera').waitFor();
  });

  it.each(looks)('has no serious fault in $colorScheme at $width pixels', async (look) => {
    const page = await open(1);
    await show(page, look);
    await page.getByRole('button', { name: 'Areas to ignore' }).click();
    await page.locator('.area-editor').waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
  });
});

function box(): never {
  throw new Error('Expected the editor to be shown');
}
