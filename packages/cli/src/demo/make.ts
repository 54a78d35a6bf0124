import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { counted, isBigridError } from '@bigrid/errors';
import {
  type Bundle,
  drawThumbnail,
  type Evaluation,
  evaluate,
  inspect,
  type OnEvent,
  openTestFolder,
  openTrainingFolder,
  readBundle,
  train,
  version,
} from '@bigrid/node';
import { assertWritable, writeAtomically, writeSyntheticLine } from '@bigrid/node/internal';
import { InspectionReport, Report } from '@bigrid/report';
import { HeatMapWriter } from '../heat-maps.ts';

import { chooseFew, chooseSome, imagesToShow, type Shown, type ShownEntry } from './images.ts';
import { type DemoRecord, fingerprint, hashOfFile, readRecord, writeRecord } from './record.ts';

/** One run of the demo. */
export interface Demo {
  /** Folder of the images. */
  readonly data: string;
  readonly s3Root?: string;
  /** Folder for all results. */
  readonly out: string;
  readonly seed: number;
  readonly epochs?: number;
  readonly threads?: number;
  /** Whether the images are generated. */
  readonly isSynthetic: boolean;
  readonly signal: AbortSignal;
  readonly onEvent: OnEvent;
  /** Prints a message that is not a result. */
  readonly note: (...lines: string[]) => void;
}

/** Number of images seen in all epochs together: about a minute of training on two cores. */
const IMAGES_SEEN = 2000;

/** The results of a run. */
export interface Made {
  readonly bundle: Bundle;
  readonly evaluation: Evaluation | undefined;
  /** Why there is no evaluation. */
  readonly missing: string;
  /** The images in the report if there is no evaluation. */
  readonly shown: Shown | undefined;
  /** Number of heat maps drawn. */
  readonly heatMaps: number;
}

/** Draws images if needed, trains, evaluates if possible, and draws heat maps and a report. */
export async function makeEverything(demo: Demo): Promise<Made> {
  if (demo.isSynthetic) await drawImages(demo);
  const bundle = await trainOrReuse(demo);
  await removeResults(demo);
  const { evaluation, missing } = await evaluateIfPossible(demo, bundle);
  const { data, s3Root } = demo;
  if (evaluation) {
    const heatMaps = await drawHeatMaps(demo, bundle, chooseSome(evaluation));
    return { bundle, evaluation, missing, shown: undefined, heatMaps };
  }
  const shown = await imagesToShow(bundle, data, s3Root);
  await writeGallery(demo, bundle, shown);
  const heatMaps = await drawHeatMaps(demo, bundle, chooseFew(shown));
  return { bundle, evaluation, missing, shown, heatMaps };
}

/** The files to write. */
export function places({ out }: Pick<Demo, 'out'>) {
  return {
    bundle: join(out, 'model.onnx'),
    report: join(out, 'report.html'),
    heatMaps: join(out, 'heat-maps'),
  };
}

async function drawImages({ data, out, seed, note }: Demo): Promise<void> {
  const record = await readRecord(out);
  const present = await fingerprint(data);
  if (present !== undefined && record?.images === present && isSame(record, version, seed)) {
    note(`The images in ${data} already exist.`);
    return;
  }
  note(`Drawing synthetic images of a product, good and defective, in ${data}`);
  await assertWritable(join(data, 'image.png'));
  await writeSyntheticLine(data, { seed });
  await writeRecord(out, { version, seed, images: (await fingerprint(data)) ?? '' });
}

async function trainOrReuse(demo: Demo): Promise<Bundle> {
  const { data, s3Root, out, seed, threads, signal, onEvent, note } = demo;
  const { bundle: file } = places(demo);
  const images = (await fingerprint(data, s3Root)) ?? '';
  const record = await readRecord(out);
  const present = await hashOfFile(file);
  if (
    present !== undefined &&
    record?.bundle === present &&
    record.images === images &&
    record.epochs === demo.epochs &&
    isSame(record, version, seed)
  ) {
    note(
      `The model ${file} already exists, made by the same version from the same seed and images: not trained again.`,
    );
    return readBundle(file);
  }
  const { classes } = await openTrainingFolder(data, { s3Root });
  const good = classes.reduce((sum, { entries }) => sum + entries.length, 0);
  const epochs = demo.epochs ?? Math.round(IMAGES_SEEN / good);
  note(`Training on ${counted(good, 'good image')} in ${data}`);
  const bundle = await train(data, {
    seed,
    s3Root,
    out: file,
    replay: 0,
    signal,
    onEvent,
    // With very many images, the default number of steps is less than an epoch.
    ...(epochs >= 1 ? { epochs } : {}),
    ...(threads === undefined ? {} : { threads }),
  });
  await writeRecord(out, {
    version,
    seed,
    images,
    ...(demo.epochs === undefined ? {} : { epochs }),
    bundle: createHash('sha256').update(bundle.bytes).digest('hex'),
  });
  return bundle;
}

function isSame(record: Partial<DemoRecord>, version: string, seed: number): boolean {
  return record.version === version && record.seed === seed;
}

/** Evaluates and writes the report if there are good and defective test images; otherwise says what is missing. */
async function evaluateIfPossible(
  demo: Demo,
  bundle: Bundle,
): Promise<{ evaluation: Evaluation | undefined; missing: string }> {
  const { data, s3Root, threads, signal, onEvent } = demo;
  const advice = `put good images into ${join(data, 'test', 'good')} and defective ones into ${join(data, 'test', 'NAME-OF-DEFECT')}`;
  try {
    const defects = new Set((await openTestFolder(data, { s3Root })).map(({ defect }) => defect));
    if (!defects.delete('good') || defects.size === 0) {
      return { evaluation: undefined, missing: `no test images of both kinds: ${advice}` };
    }
  } catch (error) {
    if (!isBigridError(error, 'DATA_NO_TEST')) throw error;
    return { evaluation: undefined, missing: `no test images: ${advice}` };
  }
  const report = new Report(bundle.manifest, { title: 'Bigrid demo', drawThumbnail });
  const evaluation = await evaluate(bundle, data, {
    s3Root,
    signal,
    onEvent,
    ...(threads === undefined ? {} : { threads }),
    onImage: (seen) => report.add(seen),
  });
  await writeAtomically(places(demo).report, await report.render(evaluation), { signal });
  return { evaluation, missing: '' };
}

/** Writes the report if there are no labelled images to evaluate on. */
async function writeGallery(
  demo: Demo,
  bundle: Bundle,
  { entries, areUnseen }: Shown,
): Promise<void> {
  const { signal, threads } = demo;
  const title = `Bigrid demo: images that the model was ${areUnseen ? 'not trained' : 'trained'} on`;
  const report = new InspectionReport(bundle.manifest, {
    title,
    drawThumbnail,
    total: entries.length,
  });
  const options = { signal, ...(threads === undefined ? {} : { threads }) };
  for await (const outcome of inspect(bundle, inTurn(entries), options)) await report.add(outcome);
  await writeAtomically(places(demo).report, await report.render(), { signal });
}

async function* inTurn(entries: readonly ShownEntry[]): AsyncGenerator<ShownEntry> {
  yield* entries;
}

async function drawHeatMaps(
  demo: Demo,
  bundle: Bundle,
  chosen: readonly ShownEntry[],
): Promise<number> {
  const folder = places(demo).heatMaps;
  const writer = new HeatMapWriter(bundle.manifest, demo.signal);
  const defects = new Map(chosen.map(({ path, defect }) => [path, defect]));
  let drawn = 0;
  try {
    for await (const outcome of inspect(bundle, inTurn(chosen), { signal: demo.signal })) {
      if ('error' in outcome) continue;
      const number = String(++drawn).padStart(2, '0');
      await writer.add(outcome, join(folder, `${number}-${defects.get(outcome.path)}.png`));
    }
    await writer.finish();
  } finally {
    await writer.settle();
  }
  return drawn;
}

/** Results of an earlier run on other images would be taken for results of this one. */
async function removeResults(demo: Demo): Promise<void> {
  const { report, heatMaps } = places(demo);
  await rm(report, { force: true });
  const names = await readdir(heatMaps).catch(() => []);
  const ours = names.filter((name) => /^\d{2}-.+\.png$/.test(name));
  for (const name of ours) await rm(join(heatMaps, name), { force: true });
}
