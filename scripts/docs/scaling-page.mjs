// The tables and figures of docs/benchmarks/scaling.md, from the measurements in docs/benchmarks/scaling.json
// (`npm run bench:scale`).

import { LineChart } from 'echarts/charts';
import { GridComponent, TitleComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { table } from './markdown-table.mjs';

use([GridComponent, LineChart, SVGRenderer, TitleComponent]);

const round = (value, digits = 0) =>
  value.toLocaleString('en-US', { maximumFractionDigits: digits, minimumFractionDigits: digits });

/** An SVG figure of points joined by a line, both axes logarithmic. */
function plot(title, xName, yName, points) {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: 420, height: 240 });
  const axis = (name, nameGap) => ({
    type: 'log',
    name,
    nameLocation: 'middle',
    nameGap,
    axisLabel: { formatter: (value) => round(value, value < 1 ? 2 : 0) },
    splitLine: { show: true, lineStyle: { color: '#ddd' } },
  });
  chart.setOption({
    animation: false,
    backgroundColor: '#fff',
    textStyle: { fontFamily: 'system-ui, sans-serif' },
    title: { text: title, top: 0, left: 'center', textStyle: { fontSize: 13 } },
    grid: { left: 64, right: 36, top: 40, bottom: 44 },
    xAxis: axis(xName, 26),
    yAxis: axis(yName, 44),
    series: { type: 'line', data: points, symbol: 'circle', symbolSize: 7, color: '#0b6bcb' },
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  // Remove pointer styles and per-process names, which are useless in a file.
  const plain = svg
    .replaceAll(/<style[\s\S]*?<\/style>/g, '')
    .replaceAll(/ (?:class|pointer-events|ecmeta_\w+)="[^"]*"/g, '')
    .replaceAll(/\bzr\d+-/g, '')
    .replaceAll(/\n+/g, '\n');
  return plain.replace('>', `><title>${title}</title>`);
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
