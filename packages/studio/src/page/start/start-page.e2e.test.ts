import { describe, expect, it } from 'vitest';
import { chromiumPath, looks, seriousFaults, show, useStudio } from '../../../testing/page.ts';

// Skipped where there is no Chromium to open the page in.
describe.skipIf(chromiumPath === undefined)('start page', () => {
  const studio = useStudio();

  it('says what to do, and creates a project', async () => {
    const { page, server, problems } = studio();
    await page.goto(server.url);
    await page.getByText('Bigrid learns what good looks like').waitFor();
    await page.getByLabel('Name of the product').fill('Left door, Größe 2');
    await page.getByRole('button', { name: 'Create project' }).click();
    await page.getByRole('heading', { name: 'Images', exact: true }).waitFor();
    await page.getByRole('navigation', { name: 'Left door, Größe 2' }).waitFor();
    expect(page.url()).toBe(`${server.url}/#/Left-door-Grosse-2/images`);
    expect(problems).toEqual([]);
  });

  it('says what is wrong with a name where it was typed', async () => {
    const { page, server } = studio();
    await page.goto(`${server.url}/#/`);
    await page.getByLabel('Name of the product').fill(' Left door, Größe 2 ');
    await page.getByRole('button', { name: 'Create project' }).click();
    expect(await page.getByRole('alert').textContent()).toBe('There is a project of this name.');
  });

  it('renames a project in its place, by keyboard too, and keeps its name for programs', async () => {
    const { page, server } = studio();
    await page.goto(`${server.url}/#/`);
    await page.reload();
    await page.getByRole('button', { name: 'Rename: Left door, Größe 2' }).press('Enter');
    await page.keyboard.type('Tür links');
    await page.keyboard.press('Escape');
    await page
      .getByRole('button', { name: 'Rename: Left door, Größe 2' })
      .and(page.locator(':focus'))
      .press('Enter');
    await page.keyboard.type('Tür links');
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'Tür links' }).waitFor();
    await page.getByText('In programs: Left-door-Grosse-2').waitFor();
    await page.reload();
    await page.getByRole('link', { name: 'Tür links' }).click();
    await page.getByRole('navigation', { name: 'Tür links' }).waitFor();
    expect(page.url()).toBe(`${server.url}/#/Left-door-Grosse-2/images`);
  });

  it('asks before it deletes a project', async () => {
    const { page, server } = studio();
    await server.send('POST', '/v1/projects', { name: 'old' });
    await page.goto(`${server.url}/#/`);
    await page.reload();
    await page.getByRole('button', { name: 'Delete: old' }).click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Delete: old' }).click();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('link', { name: 'old' }).waitFor({ state: 'detached' });
    const left = (await (await server.send('GET', '/v1/projects')).json()) as { name: string }[];
    expect(left.map(({ name }) => name)).toEqual(['Left-door-Grosse-2']);
  });

  it.each(looks)('has no serious fault in $colorScheme at $width pixels', async (look) => {
    const { page, server } = studio();
    await page.goto(`${server.url}/#/`);
    await show(page, look);
    await page.getByRole('link', { name: 'Tür links' }).waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
  });
});
