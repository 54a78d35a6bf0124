import { describe, expect, it } from 'vitest';
import { chromiumPath, looks, seriousFaults, show, useStudio } from '../../../testing/page.ts';

// Skipped where there is no Chromium to open the page in.
describe.skipIf(chromiumPath === undefined)('start page', () => {
  const studio = useStudio();

  it('says what to do, and creates a project', async () => {
    const { page, server, problems } = studio();
    await page.goto(server.url);
    await page.getByText('Bigrid learns what good looks like').waitFor();
    await page.getByLabel('Name of the product').fill('left door');
    await page.getByRole('button', { name: 'Create project' }).click();
    await page.getByRole('heading', { name: 'Images', exact: true }).waitFor();
    expect(page.url()).toBe(`${server.url}/#/left-door/images`);
    expect(problems).toEqual([]);
  });

  it('says what is wrong with a name where it was typed', async () => {
    const { page, server } = studio();
    await page.goto(`${server.url}/#/`);
    await page.getByLabel('Name of the product').fill('../door');
    await page.getByRole('button', { name: 'Create project' }).click();
    expect(await page.getByRole('alert').textContent()).toBe(
      'Expected a name of up to 64 letters, digits, dots, hyphens and underscores for body.name but received "../door"',
    );
  });

  it('renames a project in its place, by keyboard too, and keeps its name for programs', async () => {
    const { page, server } = studio();
    await page.goto(`${server.url}/#/`);
    await page.reload();
    await page.getByRole('button', { name: 'Rename: left-door' }).press('Enter');
    await page.keyboard.type('Tür links');
    await page.keyboard.press('Escape');
    await page
      .getByRole('button', { name: 'Rename: left-door' })
      .and(page.locator(':focus'))
      .press('Enter');
    await page.keyboard.type('Tür links');
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'Tür links' }).waitFor();
    await page.getByText('In programs: left-door').waitFor();
    await page.reload();
    await page.getByRole('link', { name: 'Tür links' }).click();
    await page.getByRole('navigation', { name: 'Tür links' }).waitFor();
    expect(page.url()).toBe(`${server.url}/#/left-door/images`);
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
    expect(left.map(({ name }) => name)).toEqual(['left-door']);
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
