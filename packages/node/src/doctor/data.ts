import { DECODE_AHEAD, type ImageEntry, inOrder } from '@bigrid/inspect';
import type { Dataset, DatasetOptions } from '../datasets/dataset.ts';
import { imageGroups } from '../datasets/image-groups.ts';
import { openDataset } from '../datasets/open-dataset.ts';
import type { EngineOptions } from '../engine/engine.ts';
import { checkArguments, checkRequest } from '../requests.ts';
import { bitsUsed, DARK } from './bit-depth.ts';
import { type Diagnosis, type Finding, findingOf } from './diagnosis.ts';
import { duplicates } from './duplicates.ts';
import { enough, uniformity } from './image-findings.ts';
import { type Label, type Look, lookAt } from './look.ts';
import { checkMasks } from './masks.ts';
import { FeatureReader, type OddImage, OddImages, unlikeTheRest } from './odd-images.ts';

export interface CheckDataOptions extends DatasetOptions, EngineOptions {
  /** Called after each image. */
  readonly onImage?: ((done: number, total: number) => void) | undefined;
  /** Stops the checks: the promise rejects with CANCELLED. */
  readonly signal?: AbortSignal | undefined;
}

type Labelled = ImageEntry & Label;

/** Reads every image of a data folder and reports what is wrong or unusual. @throws CANCELLED, ENGINE_FAILED */
export async function checkData(path: string, options: CheckDataOptions = {}): Promise<Diagnosis> {
  checkArguments({ dir: path });
  checkRequest('checkData', options);
  let dataset: Dataset;
  try {
    dataset = await openDataset(path, { s3Root: options.s3Root });
  } catch (error) {
    return { subject: 'data', facts: [], findings: [findingOf('layout', error)] };
  }
  const { looks, odd, unreadable } = await readAll(dataset, options);
  const names = dataset.classes.map(({ name }) => name);
  const test = dataset.classes.flatMap((own) => own.test);
  return {
    subject: 'data',
    facts: [
      ['layout', dataset.layout],
      ['training', `${dataset.classes.flatMap(({ training }) => training).length} good images`],
      [
        'test',
        `${test.filter(({ defect }) => defect === 'good').length} good and ${test.filter(({ defect }) => defect !== 'good').length} defective images`,
      ],
    ],
    findings: [
      ...readable(unreadable, looks),
      ...names.map((name) => enough(looks, name)),
      ...duplicates(looks),
      ...(await checkMasks(dataset, looks, options.signal)),
      ...names.flatMap((name) => uniformity(looks, name)),
      ...names.flatMap((name) => unlikeTheRest(odd.get(name) ?? [], name)),
    ],
  };
}

interface AllRead {
  readonly looks: readonly Look[];
  /** The good training images, by class. */
  readonly odd: ReadonlyMap<string, readonly OddImage[]>;
  readonly unreadable: readonly { readonly path: string; readonly finding: Finding }[];
}

async function readAll(dataset: Dataset, options: CheckDataOptions): Promise<AllRead> {
  const entries = imageGroups(dataset).flatMap(({ className, split, defect, entries: own }) =>
    own.map(({ path, read }): Labelled => ({ path, read, className, split, defect })),
  );
  const looks: Look[] = [];
  const odd = new Map<string, OddImage[]>();
  const unreadable: { path: string; finding: Finding }[] = [];
  const reader = await FeatureReader.open({ threads: options.threads, device: options.device });
  const compared = new OddImages();
  try {
    let done = 0;
    for await (const outcome of inOrder(
      entries,
      (entry, takeRoom) => entry.read(takeRoom),
      DECODE_AHEAD,
      options.signal,
    )) {
      const entry = outcome.item;
      if ('error' in outcome) {
        unreadable.push({ path: entry.path, finding: findingOf('readable', outcome.error) });
      } else {
        const look = lookAt(outcome.value, entry);
        looks.push(look.brightest < DARK ? { ...look, bits: await bitsUsed(entry.path) } : look);
        if (entry.split === 'train') {
          const features = await reader.read(outcome.value);
          await compared.add(entry.path, entry.className, features);
        }
      }
      options.onImage?.(++done, entries.length);
    }
    for (const { name } of dataset.classes) odd.set(name, await compared.of(name));
  } finally {
    await compared.dispose();
    await reader.dispose();
  }
  return { looks, odd, unreadable };
}

/** Counts files, not images read: without a split, each is read twice. */
function readable(all: AllRead['unreadable'], looks: readonly Look[]): Finding[] {
  const unreadable = [...new Map(all.map((one) => [one.path, one])).values()];
  const read = new Set(looks.map(({ path }) => path)).size;
  if (unreadable.length === 0) {
    return [{ level: 'ok', check: 'readable', message: `all ${read} images` }];
  }
  const [first] = unreadable;
  return [
    {
      level: 'fix',
      check: 'readable',
      message: `${unreadable.length} of ${read + unreadable.length} images cannot be read; first: ${first?.finding.message}`,
      remedy: first?.finding.remedy ?? '',
      paths: unreadable.map(({ path }) => [path]),
    },
  ];
}
