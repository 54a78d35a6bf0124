import { counted, fail, isBigridError } from '@bigrid/errors';
import type { LabelledEntry, Mask } from '@bigrid/inspect';
import type { Dataset } from '../datasets/dataset.ts';
import type { Finding } from './diagnosis.ts';
import type { Look } from './look.ts';

/** Mask pixels above this value are defective. */
const DEFECT_ABOVE = 127;

/** The images whose masks have one kind of fault, and details on the first of them. */
class Fault {
  readonly paths: string[] = [];
  first = '';

  add(path: string, why: string): void {
    if (this.paths.length === 0) this.first = why;
    this.paths.push(path);
  }
}

/** Reads the mask of every defective image and reports implausible ones. @throws CANCELLED */
export async function checkMasks(
  { classes }: Dataset,
  looks: readonly Look[],
  signal?: AbortSignal,
): Promise<Finding[]> {
  const defective = classes.flatMap(({ test }) => test).filter(({ defect }) => defect !== 'good');
  const withMask = defective.filter(({ readMask }) => readMask !== undefined);
  if (withMask.length === 0) return [];
  const sizes = new Map(looks.map(({ path, width, height }) => [path, { width, height }]));
  const faults = {
    unreadable: new Fault(),
    size: new Fault(),
    empty: new Fault(),
    full: new Fault(),
    inverted: new Fault(),
  };
  for (const entry of withMask) {
    if (signal?.aborted) fail('CANCELLED', 'Checking the masks was cancelled');
    const mask = await readMask(entry);
    if (typeof mask === 'string') faults.unreadable.add(entry.path, mask);
    else judge(entry.path, mask, sizes.get(entry.path), faults);
  }
  const missing = defective.filter(({ readMask }) => readMask === undefined);
  return findingsOf(faults, withMask.length, missing);
}

/** The mask, or why it cannot be read. */
async function readMask(entry: LabelledEntry): Promise<Mask | string> {
  try {
    return (await entry.readMask?.()) as Mask;
  } catch (error) {
    if (!isBigridError(error)) throw error;
    return `${error.code}: ${error.message}`;
  }
}

function judge(
  path: string,
  { width, height, data }: Mask,
  image: { readonly width: number; readonly height: number } | undefined,
  { size, empty, full, inverted }: Record<'size' | 'empty' | 'full' | 'inverted', Fault>,
): void {
  if (image && (image.width !== width || image.height !== height)) {
    size.add(path, `${width} x ${height} for ${image.width} x ${image.height}`);
  }
  let [marked, brightest, marginal, edge] = [0, 0, 0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const value = data[y * width + x] as number;
      const isEdge = x === 0 || y === 0 || x === width - 1 || y === height - 1;
      if (isEdge) edge++;
      if (value > brightest) brightest = value;
      if (value <= DEFECT_ABOVE) continue;
      marked++;
      if (isEdge) marginal++;
    }
  }
  if (marked === 0) empty.add(path, `the brightest value is ${brightest} of 255`);
  else if (marked === data.length) full.add(path, 'all of it');
  else if (2 * marked > data.length && marginal > 0.9 * edge) {
    inverted.add(path, `${Math.round((100 * marked) / data.length)} % and the image border`);
  }
}

/** @param masks number of masks checked */
function findingOfFault(
  masks: number,
  level: Finding['level'],
  fault: Fault | undefined,
  message: string,
  remedy: string,
): Finding[] {
  if (!fault || fault.paths.length === 0) return [];
  const told = `${fault.paths.length} of ${counted(masks, 'mask')} ${message}; first: ${fault.first}`;
  const paths = fault.paths.map((path) => [path]);
  return [{ level, check: 'masks', message: told, remedy, paths }];
}

function findingsOf(
  { unreadable, size, empty, full, inverted }: Record<string, Fault>,
  masks: number,
  missing: readonly LabelledEntry[],
): Finding[] {
  const found = (...told: [Finding['level'], Fault | undefined, string, string]) =>
    findingOfFault(masks, ...told);
  const findings = [
    ...found(
      'fix',
      unreadable,
      'cannot be read',
      'Export them again; an image without a mask still counts in image metrics.',
    ),
    ...found(
      'fix',
      size,
      'differ in size from their images',
      'Export masks at the size of their images.',
    ),
    ...found(
      'fix',
      empty,
      'mark no defect (pixels above 127 are defective)',
      'Save masks as greyscale with defects white (255) on black: red, palette colours, class numbers and transparency do not count.',
    ),
    ...found(
      'fix',
      full,
      'mark the whole image',
      'Mark where the defect is; if it is everywhere, delete the mask.',
    ),
    ...found(
      'note',
      inverted,
      'look inverted: they mark more than half of the image',
      'If the defect is black in them, invert them.',
    ),
  ];
  if (missing.length > 0) {
    findings.push({
      level: 'note',
      check: 'masks',
      message: `${counted(missing.length, 'defective image')} without a mask: not in pixel metrics`,
      remedy: 'Add masks if you need pixel metrics; image metrics include these images.',
      paths: missing.map(({ path }) => [path]),
    });
  }
  return findings.length > 0
    ? findings
    : [{ level: 'ok', check: 'masks', message: `all ${masks} are usable` }];
}
