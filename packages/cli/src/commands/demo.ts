import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { counted, isBigridError } from '@bigrid/errors';
import {
  assertWritable,
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
  trainOptionsSchema,
  version,
  writeAtomically,
  writeSyntheticLine,
} from '@bigrid/node';
import { InspectionReport, Report } from '@bigrid/report';
import type { Command } from 'commander';
import {
  chooseFew,
  chooseSome,
  imagesToShow,
  type Shown,
  type ShownEntry,
} from '../demo-images.ts';
import {
  type DemoRecord,
  fingerprint,
  hashOfFile,
  readRecord,
  writeRecord,
} from '../demo-record.ts';
import { addFlags, fieldsOf, machineFields, pick, s3RootFlag } from '../flags.ts';
import { HeatMapWriter } from '../heat-maps.ts';
import { facts, paint, print, say, shellQuoted } from '../output.ts';
import { ownCommand } from '../own-command.ts';
import { showProgress } from '../progress.ts';
import type { Context } from '../run.ts';
import { metricsTable, remarks } from './evaluate.ts';
import { describeTraining } from './train.ts';

interface DemoFlags {
  readonly data?: string;
  readonly s3Root?: string;
  readonly out: string;
  readonly seed: number;
  readonly epochs?: number;
  readonly threads?: number;
  readonly quiet?: boolean;
}

/** One run of the demo. */
interface Demo extends DemoFlags {
  /** Folder of the images. */
  readonly data: string;
  /** Whether the images are ours to draw. */
  readonly isSynthetic: boolean;
  readonly signal: AbortSignal;
  readonly onEvent: OnEvent;
  /** Says something that is no result. */
  readonly note: (...lines: string[]) => void;
}

/** Images that the training sees in all its passes: about a minute on two cores. */
const IMAGES_SEEN = 2000;

export function define(command: Command, context: Context): void {
  command
    .option(
      '--data <dir>',
      'Folder of images (default: a synthetic product line, drawn on the spot)',
    )
    .option(...s3RootFlag)
    .option('--out <dir>', 'Folder for everything that is made', 'bigrid-demo');
  addFlags(command, pick(fieldsOf(trainOptionsSchema), ['seed', 'epochs']));
  addFlags(command, pick(machineFields, ['threads']))
    .option('--quiet', 'Print nothing but results')
    .addHelpText(
      'after',
      `
Examples:
  $ bigrid demo
  $ bigrid demo --data mvtec/bottle --out bottle-demo`,
    )
    .action((flags: DemoFlags) => runDemo(flags, context));
}

async function runDemo(flags: DemoFlags, { signal }: Context): Promise<void> {
  const progress = showProgress(flags);
  const demo: Demo = {
    ...flags,
    data: flags.data ?? join(flags.out, 'flange'),
    isSynthetic: flags.data === undefined,
    signal,
    onEvent: progress.onEvent,
    note: (...lines) => (flags.quiet ? undefined : say(...lines)),
  };
  const made = await makeEverything(demo).finally(() => progress.finish());
  conclude(demo, made);
}

/** What came of a run. */
interface Made {
  readonly bundle: Bundle;
  readonly evaluation: Evaluation | undefined;
  /** Why there is no evaluation. */
  readonly missing: string;
  /** What is on the report where there is no evaluation. */
  readonly shown: Shown | undefined;
  /** Number of heat maps drawn. */
  readonly heatMaps: number;
}

async function makeEverything(demo: Demo): Promise<Made> {
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

/** Where everything goes. */
function places({ out }: Pick<Demo, 'out'>) {
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
    note(`The images in ${data} are there already.`);
    return;
  }
  note(`Drawing images of a product, good and defective, into ${data}`);
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
      `The bundle ${file} is there already, of the same version, seed and images; not trained again.`,
    );
    return readBundle(file);
  }
  const { classes } = await openTrainingFolder(data, { s3Root });
  const good = classes.reduce((sum, { entries }) => sum + entries.length, 0);
  const epochs = demo.epochs ?? Math.round(IMAGES_SEEN / good);
  note(`Learning from ${counted(good, 'good image')} in ${data}`);
  const bundle = await train(data, {
    seed,
    s3Root,
    out: file,
    replay: 0,
    signal,
    onEvent,
    // With very many images the default, which is a number of steps, ends sooner.
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

/** Evaluates, and writes the report, where there are good and defective test images; else tells what is missing. */
async function evaluateIfPossible(
  demo: Demo,
  bundle: Bundle,
): Promise<{ evaluation: Evaluation | undefined; missing: string }> {
  const { data, s3Root, threads, signal, onEvent } = demo;
  const advice = `put good ones into ${join(data, 'test', 'good')} and bad ones into ${join(data, 'test', 'NAME-OF-DEFECT')}`;
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

/** The report where there are no labelled images to evaluate on. */
async function writeGallery(
  demo: Demo,
  bundle: Bundle,
  { entries, areUnseen }: Shown,
): Promise<void> {
  const { signal, threads } = demo;
  const title = `Bigrid demo: images that the model ${areUnseen ? 'did not learn' : 'learnt'}`;
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

/** Those of a run before, on other images, would be taken for results of this one. */
async function removeResults(demo: Demo): Promise<void> {
  const { report, heatMaps } = places(demo);
  await rm(report, { force: true });
  const names = await readdir(heatMaps).catch(() => []);
  const ours = names.filter((name) => /^\d{2}-.+\.png$/.test(name));
  for (const name of ours) await rm(join(heatMaps, name), { force: true });
}

/** A folder of images that were evaluated, or the one that all lie in. */
function imagesToTry(data: string, evaluation: Evaluation | undefined): string {
  const path = evaluation?.images.at(-1)?.entry.path;
  if (path === undefined) return data;
  const test = join(data, 'test');
  return path.startsWith(join(test, sep)) ? test : dirname(path);
}

function conclude(demo: Demo, made: Made): void {
  const { evaluation, missing, shown, heatMaps } = made;
  const { manifest } = made.bundle;
  const { bundle, report, heatMaps: folder } = places(demo);
  const { data, note } = demo;
  print('', `${paint('bold', 'Model')}: ${describeTraining(manifest)}`);
  if (evaluation) {
    print('', metricsTable(evaluation));
    note(...remarks(evaluation));
  } else {
    print('', `Not evaluated: ${missing}`);
    if (shown) print(`The report shows ${describeShown(shown)}.`);
  }
  print(
    '',
    paint('bold', 'Where everything is:'),
    facts([
      ['images', data],
      ['bundle', bundle],
      ['report', report],
      ['heat maps', `${folder} (${heatMaps})`],
    ]),
    '',
    paint('bold', 'Try next:'),
    `  ${ownCommand()} info ${shellQuoted(bundle)}`,
    `  ${ownCommand()} inspect ${shellQuoted(bundle)} ${shellQuoted(imagesToTry(data, evaluation))} --out ${shellQuoted(join(demo.out, 'inspected'))}`,
    `  ${ownCommand()} train FOLDER-OF-GOOD-IMAGES --out mine.onnx`,
  );
}

function describeShown({ entries, areUnseen }: Shown): string {
  const images = counted(entries.length, 'image');
  return areUnseen
    ? `${images} that the model did not learn`
    : `${images} that the model learnt, which score lower than others`;
}
