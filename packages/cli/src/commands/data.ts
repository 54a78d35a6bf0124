import { counted, fail } from '@bigrid/errors';
import { type Dataset, type ImageGroup, imageGroups, openDataset } from '@bigrid/node';
import { assertWritable, drawContactSheet, writeAtomically } from '@bigrid/node/internal';
import type { Command } from 'commander';
import { s3RootFlag } from '../flags.ts';
import { paint, print, say, table } from '../output.ts';
import { showProgress } from '../progress.ts';
import type { Context } from '../run.ts';

interface DataFlags {
  readonly sheet?: string;
  readonly mask?: string;
  readonly s3Root?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Maximum number of ignored entries listed; the rest are counted. */
const MOST_IGNORED = 20;

export function define(command: Command, context: Context): void {
  command
    .argument('<dir>', 'folder, or file that lists images (see docs/reference/layouts.md)')
    .option('--sheet <file>', 'Contact sheet to write (.jpg), with defects outlined')
    .option('--mask <path>', 'Mask as for training; hatched on the contact sheet')
    .option(...s3RootFlag)
    .option('--json', 'Print everything as JSON')
    .option('--quiet', 'Print only the results')
    .addHelpText(
      'after',
      `
Examples:
  $ bigrid data mvtec/bottle --sheet bottle.jpg
  $ bigrid data visa --json
  $ bigrid data labels/train.manifest --s3-root copy-of-bucket`,
    )
    .action((dir: string, flags: DataFlags) => showData(dir, flags, context));
}

async function showData(
  dir: string,
  { sheet, mask, s3Root, json, quiet }: DataFlags,
  { signal }: Context,
): Promise<void> {
  if (sheet !== undefined && !/\.jpe?g$/i.test(sheet)) {
    fail('OPTION_INVALID', `Expected a file named .jpg for --sheet but received ${sheet}`);
  }
  if (mask !== undefined && sheet === undefined) {
    fail('OPTION_INVALID', `Expected --sheet FILE to draw the mask ${mask} on but received none`);
  }
  const dataset = await openDataset(dir, { s3Root });
  if (sheet !== undefined) await assertWritable(sheet);
  const kinds = imageGroups(dataset);
  if (json) print(JSON.stringify(asJson(dir, dataset, kinds), undefined, 2));
  else print(`${paint('bold', dir)}: ${dataset.layout}`, '', kindsTable(kinds));
  if (!json) print(...remarks(dataset), ...ignoredLines(dataset));
  if (sheet !== undefined) await drawSheet(sheet, dataset, mask, quiet, signal);
}

async function drawSheet(
  file: string,
  dataset: Dataset,
  mask: string | undefined,
  quiet: boolean | undefined,
  signal: AbortSignal,
): Promise<void> {
  const progress = showProgress({ quiet });
  try {
    let advance: ((done: number) => void) | undefined;
    const { bytes, leftOut } = await drawContactSheet(dataset, {
      signal,
      mask,
      onImage(done, total) {
        advance ??= progress.count('drawing', total);
        advance(done);
      },
    });
    await writeAtomically(file, bytes, { signal });
    progress.finish();
    if (quiet) return;
    say('', `Wrote ${file}`);
    if (leftOut > 0) say(`${counted(leftOut, 'row')} of the table did not fit on it.`);
  } finally {
    progress.finish();
  }
}

/** A row per class, split and defect. */
function kindsTable(kinds: readonly ImageGroup[]): string {
  const right = 'right' as const;
  return table(
    [
      { head: 'class' },
      { head: 'split' },
      { head: 'shows' },
      { head: 'images', align: right },
      { head: 'masks', align: right },
    ],
    kinds.map(({ className, split, defect, entries, masks }) => [
      className,
      split,
      defect,
      String(entries.length),
      defect === 'good' ? '-' : String(masks),
    ]),
  );
}

/** What the counts mean for training and evaluation. */
function remarks(dataset: Dataset): string[] {
  const { classes } = dataset;
  const lines = [...(dataset.remarks ?? [])];
  const shared = sharedImages(dataset);
  if (shared > 0) {
    lines.push(
      `${counted(shared, 'good image')} in both training and test: metrics will be too optimistic.`,
    );
  }
  if (classes.every(({ training }) => training.length === 0)) {
    lines.push('No good images to train on.');
  }
  if (classes.every(({ test }) => test.length === 0)) {
    lines.push('No test images: the folder can be trained on but not evaluated.');
  }
  return lines.length === 0 ? [] : ['', ...lines];
}

/** How many images are in both training and test. */
function sharedImages({ classes }: Dataset): number {
  return classes.reduce((sum, { training, test }) => {
    const learnt = new Set(training.map(({ path }) => path));
    return sum + test.filter(({ path }) => learnt.has(path)).length;
  }, 0);
}

function ignoredLines({ ignored }: Dataset): string[] {
  if (ignored.length === 0) return [];
  const listed = ignored.slice(0, MOST_IGNORED).map(({ path, reason }) => `  ${path}: ${reason}`);
  const more = ignored.length - listed.length;
  return ['', paint('bold', 'Ignored:'), ...listed, ...(more > 0 ? [`  and ${more} more`] : [])];
}

function asJson(path: string, dataset: Dataset, kinds: readonly ImageGroup[]) {
  return {
    path,
    layout: dataset.layout,
    classes: dataset.classes.map(({ name }) => ({
      name,
      kinds: kinds
        .filter(({ className }) => className === name)
        .map(({ split, defect, entries, masks }) => ({
          split,
          defect,
          images: entries.length,
          masks,
        })),
    })),
    trainedAndTestedOn: sharedImages(dataset),
    remarks: dataset.remarks ?? [],
    ignored: dataset.ignored,
  };
}
