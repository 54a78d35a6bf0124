// The tables and figures of docs/benchmarks/scaling.md, from the measurements in docs/benchmarks/scaling.json
// (`npm run bench:scale`).

import { table } from './markdown-table.mjs';

const round = (value, digits = 0) =>
  value.toLocaleString('en-US', { maximumFractionDigits: digits, minimumFractionDigits: digits });

/** An SVG figure of points joined by a line, both axes logarithmic. */
function plot(title, xName, yName, points) {
  const [width, height, left, right, bottom, top] = [420, 240, 52, 30, 40, 28];
  const decades = (numbers) => [
    Math.floor(Math.log10(Math.min(...numbers))),
    Math.ceil(Math.log10(Math.max(...numbers))),
  ];
  const [x0, x1] = decades(points.map(([x]) => x));
  const [y0, y1] = decades(points.map(([, y]) => y));
  const x = (value) =>
    left + ((Math.log10(value) - x0) / Math.max(1, x1 - x0)) * (width - left - right);
  const y = (value) =>
    height - bottom - ((Math.log10(value) - y0) / Math.max(1, y1 - y0)) * (height - bottom - top);
  const powers = (from, to) => Array.from({ length: to - from + 1 }, (_, at) => 10 ** (from + at));
  const at = (value) => value.toFixed(1);
  const lines = [
    ...powers(x0, x1).map(
      (value) =>
        `<path d="M${at(x(value))} ${top}V${height - bottom}" stroke="#ddd"/><text x="${at(x(value))}" y="${height - bottom + 14}" text-anchor="middle">${round(value)}</text>`,
    ),
    ...powers(y0, y1).map(
      (value) =>
        `<path d="M${left} ${at(y(value))}H${width - right}" stroke="#ddd"/><text x="${left - 6}" y="${at(y(value) + 4)}" text-anchor="end">${round(value, value < 1 ? 2 : 0)}</text>`,
    ),
    `<path d="M${points.map(([a, b]) => `${at(x(a))} ${at(y(b))}`).join('L')}" fill="none" stroke="#0b6bcb" stroke-width="2"/>`,
    ...points.map(([a, b]) => `<circle cx="${at(x(a))}" cy="${at(y(b))}" r="3.5" fill="#0b6bcb"/>`),
    `<text x="${left}" y="16" font-weight="bold">${title}</text>`,
    `<text x="${(left + width - right) / 2}" y="${height - 8}" text-anchor="middle">${xName}</text>`,
    `<text transform="translate(12 ${(top + height - bottom) / 2}) rotate(-90)" text-anchor="middle">${yName}</text>`,
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="11" fill="#333"><title>${title}</title><rect width="100%" height="100%" fill="#fff"/>\n${lines.join('\n')}\n</svg>\n`;
}

/** Cores that 1,000 cameras at 10 images/s each need. */
function cameras(resolution) {
  return resolution.map(({ side, inspectCoreSeconds }) => {
    const cores = inspectCoreSeconds * 10 * 1000;
    return [
      `${round(side)} x ${round(side)}`,
      round(1000 * inspectCoreSeconds, 1),
      round(10 * inspectCoreSeconds, 2),
      round(cores),
      round(cores / 64, 1),
    ];
  });
}

/** @returns the generated parts of the page, by name */
export function scalingParts({ circumstances, images, classes, resolution }) {
  const thousand = images.find(({ count }) => count === 1000);
  const hours = (1000 * thousand.coreSeconds) / 3600;
  return {
    'scaling:circumstances': `${circumstances}.`,
    'scaling:images': imagesTable(images),
    'scaling:classes': classesTable(classes),
    'scaling:resolution': resolutionTable(resolution),
    'scaling:cameras': table(
      [
        'PNG of',
        'core-ms per image',
        'cores per camera',
        'cores for 1,000 cameras',
        'machines with 64 cores',
      ],
      cameras(resolution),
    ),
    'scaling:products': `Training 1,000 products with 1,000 images each takes 1,000 x ${round(thousand.coreSeconds)} core-s = ${round(hours)} core-hours. The
trainings are independent of each other, so ten machines with 64 cores, at two cores per training, finish in
${round((60 * hours) / 640)} minutes. The model files add up to ${round(thousand.bundle, 1)} GB, or about half of that with
[\`--int8\`](../how-to/smaller-models.md). A process that inspects holds one model and the engine:
${round(resolution[0].inspectMemory)} MB at the smallest size in the table above.`,
  };
}

const imagesTable = (images) =>
  table(
    [
      'good images',
      'trained on',
      'held out',
      'steps',
      'training, core-s',
      'training, s',
      'peak memory, MB',
      'peak disk, MB',
      'model file, MB',
    ],
    images.map((p) => [
      round(p.count),
      round(p.learnt),
      p.heldOut,
      p.steps,
      p.coreSeconds ? round(p.coreSeconds) : '',
      round(p.seconds),
      round(p.memory),
      round(p.disk),
      round(p.bundle, 1),
    ]),
  );

const classesTable = (classes) =>
  table(
    [
      'classes',
      'steps',
      'training, core-s',
      'training, s',
      'peak memory, MB',
      'peak disk, MB',
      'model file, MB',
    ],
    classes.map((c) => [
      c.classes,
      round(c.steps),
      round(c.coreSeconds),
      round(c.seconds),
      round(c.memory),
      round(c.disk),
      round(c.bundle, 1),
    ]),
  );

const resolutionTable = (resolution) =>
  table(
    [
      'PNG of',
      'inspection, core-ms per image',
      'images/s per core',
      'peak memory inspecting, MB',
      'peak memory training, MB',
    ],
    resolution.map((r) => [
      `${round(r.side)} x ${round(r.side)}`,
      round(1000 * r.inspectCoreSeconds, 1),
      round(1 / r.inspectCoreSeconds, 1),
      round(r.inspectMemory),
      round(r.memory),
    ]),
  );

/** @returns the figures of the page, by their file names in docs/images */
export function scalingFigures({ images, resolution }) {
  return {
    'scaling-time.svg': plot(
      'Training',
      'good images',
      'core-seconds',
      images.filter((p) => p.coreSeconds).map((p) => [p.count, p.coreSeconds]),
    ),
    'scaling-disk.svg': plot(
      'Peak disk while training',
      'good images',
      'MB',
      images.map((p) => [p.count, p.disk]),
    ),
    'scaling-resolution.svg': plot(
      'Inspection',
      'side of the image, pixels',
      'core-ms per image',
      resolution.map((r) => [r.side, 1000 * r.inspectCoreSeconds]),
    ),
  };
}
