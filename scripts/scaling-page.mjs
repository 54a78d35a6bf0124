// docs/benchmarks/scaling.md and its figures, from the measurements in docs/benchmarks/scaling.json (`npm run bench:scale`).

const round = (value, digits = 0) =>
  value.toLocaleString('en-US', { maximumFractionDigits: digits, minimumFractionDigits: digits });
const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** A figure of points on two logarithmic axes, joined by a line. */
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

/** Cores for a thousand cameras of ten images a second. */
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

/** Bytes that features of an image take: half precision, channels, cells. */
const PER_IMAGE = 2 * 176 * 32 * 32;

/** @returns pages by their names in docs/ */
export function scalingPages({ circumstances, images, classes, resolution }) {
  const most = images.at(-1);
  const thousand = images.find(({ count }) => count === 1000);
  const hours = (1000 * thousand.coreSeconds) / 3600;
  const text = `# Scaling

What training and inspection cost as images, classes and resolution grow. Measured through the command line
(\`npm run bench:scale -- bottle/train/good\`; images are repeated through links, 256 x 256 where nothing else is said):
${circumstances}. The machine did nothing else. Core-s are the time\nthat cores worked for it, both together.

## Number of images

![Core-seconds of training against good images](../images/scaling-time.svg) ![Megabytes on the disk against good images](../images/scaling-disk.svg)

${table(
  [
    'good images',
    'learnt',
    'held out',
    'steps',
    'training, core-s',
    'training, s',
    'peak memory, MB',
    'peak disk, MB',
    'bundle, MB',
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
)}

The bundle is the same graph with other numbers: as large, and as fast at inspecting (fewer than sixteen images have no directions that they vary in, 1.5 MB).
The first two rows were measured before a threshold wanted 20 parts: of 100 images 20 are held out now, and 10 take five trainings of 240 steps
([what a threshold promises](../how-to/operation.md#what-a-threshold-promises)).

**Bounded by the steps.** A class takes 480 steps of 8 images at most, which see 3,840 images. Of a class with more, a
sample is drawn by seed: 3,840 to learn from, 200 to hold out for the threshold, and nothing else is read.
${round(most.count)} images cost what 4,040 do, and the names of files. \`info\` says how many were left out. Statistics are those of
the sample. With \`--epochs\` all images are learnt from.

**On the disk** features of an image take ${round(PER_IMAGE / 1000)} kB: half precision, 176 channels, 32 x 32 cells, in one file beside the output, which is
removed at the end. That is ${round((4040 * PER_IMAGE) / 1e9, 2)} GB a class at most; without the sample ${round(most.count)} images would take
${round((most.count * PER_IMAGE) / 1e9)} GB. **In memory** are one batch, the weights, and four decoded images (of large ones fewer, so that they take 256 MiB or are alone), whatever their number; names of
files come on top. A threshold needs more than 200 images only for promises below 0.5 %: \`bigrid calibrate\` takes as many
as there are.

## Number of classes

200 images in all, one bundle, \`--epochs 1\`:

${table(
  [
    'classes',
    'steps',
    'training, core-s',
    'training, s',
    'peak memory, MB',
    'peak disk, MB',
    'bundle, MB',
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
)}

A step costs the same however many classes there are, and so does an image inspected; the bundle grows by 20 kB a class, what is\nexpected of its images, and by the directions in which they vary as a whole: 94 kB each, sixteen a class and 64 of all at most, none of a class of\nfewer than sixteen images, as the fifty are here. By default
steps grow with what there is to learn: ten epochs, within 240 in all and 480 a class. Fifty classes of
more than 4,040 images each would take 24,000 steps and ${round((50 * 4040 * PER_IMAGE) / 1e9)} GB of disk for the time of training: a bundle a class
takes as many steps, and ${round((4040 * PER_IMAGE) / 1e9, 1)} GB at a time.

## Resolution

Core-ms are the time that cores work on one image, from the file to the verdict, one thread.

![Core-milliseconds an image against its side](../images/scaling-resolution.svg)

${table(
  [
    'PNG of',
    'inspecting, core-ms an image',
    'images/s a core',
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
)}

The model sees 256 x 256 whatever comes in: what grows is decoding and the first resize. Tiles
(\`--tile\`) look closer, and cost a run of the model each.

## A thousand cameras

Ten images a second each, 10,000 in all, on cores like those measured, from the files to the verdict:

${table(
  [
    'PNG of',
    'core-ms an image',
    'cores a camera',
    'cores for 1,000 cameras',
    'machines of 64 cores',
  ],
  cameras(resolution),
)}

Raw frames need no decoding, and JPEG less than PNG. A quarter more is wise for peaks. A process holds its bundle and the
engine, ${round(resolution[0].inspectMemory)} MB with the first size of the table, not the images; of two products each has its own.
Training a thousand products of 1,000 images takes a thousand times ${round(thousand.coreSeconds)} core-s, ${round(hours)} core-hours: they know nothing of each
other, so that ten machines of 64 cores, two cores a training, take ${round((60 * hours) / 640)} minutes. Their bundles are ${round(thousand.bundle, 1)} GB, or half as
much with [\`--int8\`](../how-to/smaller-models.md).

An image is inspected by itself: there is nothing to keep between two, and nothing to share between machines but the
bundle. So what people run already carries it, and Bigrid brings no scheduler of its own:

| engine | how | what to mind |
|---|---|---|
| Triton Inference Server | \`bigrid export --triton\` ([export](../how-to/smaller-models.md)); a model a product, versions as bundles are trained anew | clients send decoded images: 3 bytes a pixel over the network, so keep it near the cameras |
| Ray Data | [examples/ray](../../examples/ray/README.md), for archives | one session a core, one thread each |
| Kubernetes | a Job of \`bigrid inspect FILE - --log\` over a list of paths a pod (\`completionMode: Indexed\`); a Deployment of \`bigrid watch\` a group of cameras | give a pod whole cores and \`--threads\` to match; keep the log on a volume, and a pod that starts again goes on where it was |
| Kafka, or any queue | a consumer a core that hands paths to \`bigrid inspect FILE -\`, or runs the bundle with ONNX Runtime; key by camera, so that one camera stays in order | commit an offset when its result is written: an image inspected twice gives the same result, so at-least-once is enough |
| edge boxes | \`bigrid watch\` on each, results by webhook | a core carries ten images a second up to 100 core-ms of the table |

More threads a session make one image faster; more sessions of one thread make many images faster. For throughput use
one session a core.
`;
  return {
    'benchmarks/scaling.md': text,
    'images/scaling-time.svg': plot(
      'Training',
      'good images',
      'core-seconds',
      images.filter((p) => p.coreSeconds).map((p) => [p.count, p.coreSeconds]),
    ),
    'images/scaling-disk.svg': plot(
      'Peak disk while training',
      'good images',
      'MB',
      images.map((p) => [p.count, p.disk]),
    ),
    'images/scaling-resolution.svg': plot(
      'Inspection',
      'side of the image, pixels',
      'core-ms an image',
      resolution.map((r) => [r.side, 1000 * r.inspectCoreSeconds]),
    ),
  };
}
