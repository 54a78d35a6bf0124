// Measures the studio with many images in a project: how soon its first pages can be used by keyboard, first paint, blank
// tiles and frames while it scrolls, memory of the page, long tasks while images are uploaded, and the weight of the page.
//
//   npm run bench:studio -- [--images N] [--uploads N]
//
//   --images N    in the project; default 20000
//   --uploads N   images that are uploaded; default 300

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { openChromium } from '../packages/report/testing/chromium.ts';
import { circumstances } from './command-line.mjs';
import { quantile } from './statistics.mjs';

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '20000' },
    uploads: { type: 'string', default: '300' },
  },
});
const [count, uploads] = [Number(values.images), Number(values.uploads)];
const PART = 2000;
const ROUNDS = 15;
const work = mkdtempSync(join(tmpdir(), 'bigrid-bench-studio-'));
const pageFolder = join(import.meta.dirname, '..', 'packages', 'studio', 'dist', 'page');

/** Images of one colour each with a mark: distinct, and quick to draw. */
async function drawImages(folder, total, side, first = 0) {
  mkdirSync(folder, { recursive: true });
  const draw = async (seed) => {
    const data = Buffer.alloc(side * side * 3, seed % 200);
    data.writeUInt32BE(seed, 3 * (seed % (side * side - 2)));
    data.writeUInt32BE(seed ^ 0x5bd1e995, 0);
    const image = sharp(data, { raw: { width: side, height: side, channels: 3 } });
    const name = `${String(seed).padStart(6, '0')}.png`;
    writeFileSync(join(folder, name), await image.png({ compressionLevel: 1 }).toBuffer());
  };
  for (let start = 0; start < total; start += 64) {
    const batch = Array.from({ length: Math.min(64, total - start) }, (_, i) => first + start + i);
    await Promise.all(batch.map(draw));
  }
}

async function startServer() {
  const bin = join(import.meta.dirname, '..', 'packages', 'cli', 'bin', 'bigrid.js');
  const args = [bin, 'serve', '--data', join(work, 'data'), '--port', '0', '--log-level', 'error'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(createInterface(child.stdout), 'line');
  return { child, url: new URL(line.split(' ').at(-1)).origin };
}

async function send(url, path, body) {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

/** Runs in the page before its scripts: records long tasks and frames. */
function watchTasks() {
  globalThis.longTasks = [];
  new PerformanceObserver((list) => {
    for (const { duration, startTime } of list.getEntries())
      globalThis.longTasks.push({ duration, startTime });
  }).observe({ type: 'longtask', buffered: true });
}

/** Runs in the page: scrolls through the grid. @returns times between frames, and how long tiles in view were blank, ms */
async function scrollThrough(pixelsPerFrame, frames) {
  const [times, blank, since] = [[], [], new Map()];
  let before = performance.now();
  for (let frame = 0; frame < frames; frame++) {
    scrollBy(0, pixelsPerFrame);
    const now = await new Promise((resolve) => requestAnimationFrame(resolve));
    times.push(now - before);
    before = now;
    for (const image of document.querySelectorAll('.image-tile > img')) {
      const { top, bottom } = image.getBoundingClientRect();
      const isBlank =
        bottom > 0 && top < innerHeight && !(image.complete && image.naturalWidth > 0);
      if (isBlank && !since.has(image)) since.set(image, now);
      if (isBlank) blank.push(now - since.get(image));
      else since.delete(image);
    }
  }
  return { times, blank };
}

/** Records the tasks of a page. @returns ends that, and describes the long ones */
async function recordTasks(page) {
  const session = await page.context().newCDPSession(page);
  const events = [];
  session.on('Tracing.dataCollected', ({ value }) => {
    for (const event of value) events.push(event);
  });
  const traceConfig = { includedCategories: ['toplevel'] };
  await session.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig });
  return async () => {
    const ended = Promise.withResolvers();
    session.once('Tracing.tracingComplete', ended.resolve);
    await session.send('Tracing.end');
    await ended.promise;
    const tasks = await page.evaluate(() => globalThis.longTasks.map(({ duration }) => duration));
    const longest = Math.round(Math.max(0, ...tasks));
    return `longest ${longestOnProcessor(events)} ms on the processor; ${tasks.length} over 50 ms by the clock, longest ${longest} ms`;
  };
}

/** Milliseconds of the processor, which other programs hardly change, that the longest task of a page took. */
function longestOnProcessor(events) {
  const isMain = ({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain';
  const threads = new Set(events.filter(isMain).map(({ pid, tid }) => `${pid} ${tid}`));
  const times = events.flatMap(({ name, pid, tid, tdur = 0 }) =>
    name.endsWith('RunTask') && threads.has(`${pid} ${tid}`) ? [tdur / 1000] : [],
  );
  return times.reduce((a, b) => Math.max(a, b), 0).toFixed(1);
}

/**
 * Runs in the page before its scripts: notes when keys first do what they are for, once the thread is free again. On the
 * first page that is to type a name next to the list of projects, on the images page to move through the images.
 */
function watchUse() {
  const look = () => {
    const input =
      document.querySelector('.project-card') && document.querySelector('input[name=name]');
    const grid = document.querySelector('.virtual-grid');
    input?.focus();
    grid?.focus();
    grid?.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));
    const isTyping = input && document.activeElement === input;
    if (!isTyping && !document.querySelector('.image-tile.active'))
      return requestAnimationFrame(look);
    setTimeout(() => {
      globalThis.usableAfter = performance.now();
    });
  };
  look();
}

/** Milliseconds from the navigation until a page can be used by keyboard, in a browser that has nothing of it yet. */
async function measureUse(browser, url) {
  for (const [name, hash] of [
    ['First page', '#/'],
    ['Images page', '#/many/images'],
  ]) {
    const times = [];
    for (let round = 0; round < ROUNDS; round++) {
      const page = await browser.newPage();
      const session = await browser.newCDPSession(page);
      await session.send('Network.setCacheDisabled', { cacheDisabled: true });
      await page.addInitScript(watchUse);
      await page.goto(`${url}/${hash}`);
      await page.waitForFunction(() => globalThis.usableAfter);
      times.push(await page.evaluate(() => globalThis.usableAfter));
      await page.close();
    }
    console.log(
      `${name}, until keys work: median ${Math.round(quantile(times, 0.5))} ms, longest ${Math.round(Math.max(...times))} ms of ${ROUNDS}`,
    );
  }
}

async function measurePage(page, url) {
  const tasks = await recordTasks(page);
  const started = performance.now();
  await page.goto(`${url}/#/many/images`);
  await page.locator('.image-tile > img').first().waitFor();
  await page.waitForFunction(() => {
    const images = [...document.querySelectorAll('.image-tile > img')];
    const inView = images.filter((image) => image.getBoundingClientRect().top < innerHeight);
    return inView.length > 0 && inView.every((image) => image.complete && image.naturalWidth > 0);
  });
  const painted = performance.now() - started;
  await page
    .locator('.page-head')
    .getByText(`${count.toLocaleString('en')} images`, { exact: true })
    .waitFor();
  console.log(
    `First screen of thumbnails: ${Math.round(painted)} ms; all ${count} images listed: ${Math.round(performance.now() - started)} ms`,
  );
  console.log(`Tasks until then: ${await tasks()}`);
  for (const speed of [30, 120, 2000]) {
    await page.evaluate(() => scrollTo(0, 0));
    const { times, blank } = await page.evaluate(
      `(${scrollThrough})(${speed}, ${speed > 1000 ? 60 : 240})`,
    );
    console.log(
      `Scrolling by ${speed} px per frame: median frame ${quantile(times, 0.5).toFixed(1)} ms, 95 % ${quantile(times, 0.95).toFixed(1)} ms; longest blank tile ${Math.round(Math.max(0, ...blank))} ms`,
    );
  }
}

async function measureUpload(page, url) {
  const folder = join(work, 'uploads');
  await drawImages(folder, uploads, 512, 1_000_000);
  await send(url, '/v1/projects', { name: 'uploads' });
  // The list of projects is loaded with the page.
  await page.goto('about:blank');
  await page.goto(`${url}/#/uploads/images`);
  await page.getByText('No images yet').waitFor();
  await page.evaluate(() => {
    globalThis.longTasks.length = 0;
  });
  const recorded = await recordTasks(page);
  const started = performance.now();
  const paths = readdirSync(folder).map((name) => join(folder, name));
  await page.getByLabel('Add images').setInputFiles(paths);
  await page.locator('.page-head').getByText(`${uploads} images`).waitFor({ timeout: 300_000 });
  const seconds = (performance.now() - started) / 1000;
  console.log(`Upload of ${uploads} images: ${seconds.toFixed(1)} s; tasks: ${await recorded()}`);
  await measureFileChoice(page, url, paths);
}

/** What choosing files costs in a page that does nothing with them. */
async function measureFileChoice(page, url, paths) {
  const body = '<input type="file" multiple onchange="0">';
  await page.route('**/choice', (route) => route.fulfill({ contentType: 'text/html', body }));
  await page.goto(`${url}/choice`);
  const recorded = await recordTasks(page);
  await page.locator('input').setInputFiles(paths);
  console.log(`Choosing them in an empty page: ${await recorded()}`);
}

/** Resident memory of the largest process that shows pages, in megabytes. */
function pageMegabytes() {
  const lines = execFileSync('ps', ['-eo', 'pid=,ppid=,rss=,args='], { encoding: 'utf8' });
  const own = new Set([process.pid]);
  const sizes = lines.split('\n').flatMap((line) => {
    const [, pid, parent, kilobytes, words] = /^ *(\d+) +(\d+) +(\d+) (.*)/.exec(line) ?? [];
    if (!own.has(Number(parent))) return [];
    own.add(Number(pid));
    return words.includes('--type=renderer') ? [Number(kilobytes) / 1000] : [];
  });
  return Math.round(Math.max(0, ...sizes));
}

/** Bytes of scripts and styles, compressed as a proxy would. */
function printWeight() {
  const folder = join(pageFolder, 'assets');
  const sizes = readdirSync(folder)
    .filter((name) => /\.(js|css)$/.test(name))
    .map((name) => ({ name, bytes: gzipSync(readFileSync(join(folder, name))).length }));
  const sum = sizes.reduce((total, { bytes }) => total + bytes, 0);
  const own = sizes.filter(({ name }) => /^(index|images-page)/.test(name));
  console.log(`Page: ${(sum / 1000).toFixed(1)} kB gzipped in all`);
  for (const { name, bytes } of own) console.log(`  ${name}: ${(bytes / 1000).toFixed(1)} kB`);
}

let server;
let browser;
try {
  console.log(circumstances());
  server = await startServer();
  await send(server.url, '/v1/projects', { name: 'many' });
  const started = performance.now();
  // In parts, since a request ends after five minutes.
  for (let first = 0; first < count; first += PART) {
    const folder = join(work, `part-${first}`);
    await drawImages(join(folder, 'good'), Math.min(PART, count - first), 64, first);
    await send(server.url, '/v1/projects/many/import', { folder });
  }
  console.log(`Drawing and import: ${Math.round((performance.now() - started) / 1000)} s`);
  browser = await openChromium(join(work, 'profile'));
  const page = await browser.newPage();
  await page.setViewportSize({ width: 1280, height: 844 });
  await page.addInitScript(
    () => URL.canParse(location.origin) && localStorage.setItem('bigrid.language', 'en'),
  );
  await page.addInitScript(watchTasks);
  await measureUse(browser, server.url);
  await measurePage(page, server.url);
  const session = await browser.newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  console.log(
    `Memory with ${count} images: ${Math.round(usedSize / 1e6)} MB of JavaScript, ${pageMegabytes()} MB of the page's process`,
  );
  await measureUpload(page, server.url);
  printWeight();
} finally {
  await browser?.close();
  server?.child.kill('SIGTERM');
  if (server) await once(server.child, 'exit');
  rmSync(work, { recursive: true, force: true });
}
