import { beforeAll, describe, expect, it } from 'vitest';
import { createProject, ended, tiny } from '../../../../server/testing/jobs.ts';
import { imageBytes, json } from '../../../../server/testing/server.ts';
import { chromiumPath, useStudio } from '../../../testing/page.ts';

const IMAGES = 5000;
/** The tiles of so few fill the view all the same. */
const FEW = 1000;
/** Milliseconds of a frame. */
const FRAME = 16;

/** Images of a project, as the server lists them, and their scores: a defect is every tenth. */
const images = Array.from({ length: IMAGES }, (_, at) => ({
  ...{ id: at + 1, name: `${at}.png`, file: '', format: 'PNG', bytes: 1, width: 64, height: 64 },
  ...(at % 10 === 0 ? { label: 'defect', kind: 'spot' } : { label: 'normal', kind: null }),
  ...{ split: 'test', hasGroundTruth: false, createdAt: '2026-01-01T00:00:00Z' },
}));

// Skipped where there is no Chromium to open the page in.
describe.skipIf(chromiumPath === undefined)('threshold page with thousands of images', () => {
  const studio = useStudio();
  let shown = images;
  beforeAll(async () => {
    const { server, page } = studio();
    await createProject(server, 'part');
    const job = { kind: 'train', project: 'part', options: tiny };
    await ended(server, (await json(server, 'POST', '/v1/jobs', job)).body.id);
    const { body } = await json(server, 'GET', '/v1/models/part/versions/1');
    const [lowest, highest] = [
      body.manifest.calibration.scores[0],
      body.manifest.calibration.threshold,
    ];
    const thumbnail = await imageBytes(0);
    await page.route('**/v1/projects/part/images?*', (route) =>
      route.fulfill({ json: { images: shown, total: shown.length, next: null } }),
    );
    await page.route('**/v1/projects/part/scores?*', (route) => {
      const scores = shown.map(({ id }) => lowest + ((2 * id) / shown.length) * (highest - lowest));
      return route.fulfill({
        json: { model: 'part', version: 1, images: shown.map(({ id }) => id), scores },
      });
    });
    await page.route('**/thumbnail', (route) =>
      route.fulfill({ body: thumbnail, contentType: 'image/png' }),
    );
  }, 60_000);

  it.each([
    ['Highest first', 'All'],
    ['Closest to the threshold', 'Wrongly judged'],
  ])('judges all of them again within a frame: %s, %s', async (sort, filter) => {
    const { page, server } = studio();
    const measure = async (count: number) => {
      shown = images.slice(0, count);
      await page.goto('about:blank');
      await page.goto(`${server.url}/#/part/threshold`);
      await page.getByText(new RegExp(`^${filter} [\\d,]+$`)).click();
      await page.getByText(sort).click();
      // Those around the view come after those in it.
      await expect.poll(() => page.locator('.scored-tile').count()).toBeGreaterThan(60);
      const { times, transitions } = await page.evaluate(frameTimes);
      expect(
        await page.getByText(`All ${count.toLocaleString('en')}`, { exact: true }).count(),
      ).toBe(1);
      // Each takes as long as the style of the element itself, and there are hundreds where all verdicts change at once.
      expect(transitions).toBe(0);
      return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] as number;
    };
    // In turns, and the better of two, since the machine may be busy. Where few images take longer than a frame, it is
    // slow, which is no fault of the page.
    const [few, many] = [await measure(FEW), await measure(IMAGES)];
    const [fewAgain, manyAgain] = [await measure(FEW), await measure(IMAGES)];
    const least = Math.min(few, fewAgain);
    expect(Math.min(many, manyAgain)).toBeLessThan(Math.max(FRAME, 1.5 * least));
  });
});

/** Moves the slider once per frame. @returns milliseconds from each move until it is painted, and transitions that began */
async function frameTimes() {
  const slider = document.querySelector<HTMLInputElement>('.slider.threshold') as HTMLInputElement;
  const times: number[] = [];
  let transitions = 0;
  addEventListener('transitionrun', () => {
    transitions++;
  });
  const [low, high] = [Number(slider.min), Number(slider.max)];
  for (let move = 0; move < 60; move++) {
    const painted = Promise.withResolvers<number>();
    requestAnimationFrame(() => {
      const start = performance.now();
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => painted.resolve(performance.now() - start);
      slider.value = String(low + ((high - low) * (move % 30)) / 30);
      slider.dispatchEvent(new Event('input', { bubbles: true }));
      // Its turn comes after the frame is drawn.
      port2.postMessage(null);
    });
    times.push(await painted.promise);
  }
  return { times, transitions };
}
