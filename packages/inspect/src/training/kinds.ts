import type { Tensor } from '@bigrid/graph';
import { EXPECTED, type ParameterValues } from '@bigrid/method';
import type { ExtractedFeatures } from './feature-extraction.ts';

/** Images that look alike as a whole: those of a class, or those that an update found to be apart from all before. */
export interface Kinds {
  /** The mean of a kind's features over its images and their cells, standardised: [channels] each. */
  readonly prototypes: readonly Float32Array[];
  /** The kind of each image. */
  readonly of: readonly number[];
  /** Whether the last kind has all images that are new: a bundle's values know the others as they are. */
  readonly isNewKind: boolean;
}

/** Fewest images of which a kind is made: fewer say too little of what to expect at each place. */
const LEAST_OF_NEW_KIND = 8;
/** Share of the images on each side that must be nearest to their own kind: more cannot be asked of a few. */
const SHARE_APART = 0.9;

/** Each class is a kind. @param classes that of each image of the features */
export function kindsOfClasses(features: ExtractedFeatures, classes: readonly string[]): Kinds {
  const names = [...new Set(classes)];
  const of = classes.map((name) => names.indexOf(name));
  const means = standardisedMeans(features);
  const prototypes = names.map((_, kind) => meanOf(means.filter((_, at) => of[at] === kind)));
  return { prototypes, of, isNewKind: false };
}

/**
 * The kinds that a bundle's values have, and an image is of the nearest of them; new images are one more where they are
 * apart, nearer to each other than to any of before, and those of before are not nearer to them.
 * @param isNew whether an image of the features is new
 */
export function kindsOfUpdate(
  values: ParameterValues,
  features: ExtractedFeatures,
  isNew: (image: number) => boolean,
): Kinds {
  const means = standardisedMeans(features);
  const [fresh, old] = [means.filter((_, at) => isNew(at)), means.filter((_, at) => !isNew(at))];
  // A bundle of one kind has no need of a prototype, and keeps none.
  const known = values.has(EXPECTED.prototypes)
    ? rowsOf(values, EXPECTED.prototypes)
    : [meanOf(old.length > 0 ? old : fresh)];
  const isNewKind = areApart(fresh, old, known);
  const prototypes = isNewKind ? [...known, meanOf(fresh)] : known;
  const of = means.map((mean, at) =>
    isNewKind && isNew(at) ? known.length : nearest(mean, known),
  );
  return { prototypes, of, isNewKind };
}

function areApart(
  fresh: readonly Float32Array[],
  old: readonly Float32Array[],
  known: readonly Float32Array[],
): boolean {
  if (fresh.length < LEAST_OF_NEW_KIND) return false;
  const centre = meanOf(fresh);
  const added = known.length;
  // An image is not to be its own witness: the others' mean is asked whether they are alike.
  const ofOthers = (own: Float32Array) =>
    centre.map((mean, c) => (fresh.length * mean - (own[c] as number)) / (fresh.length - 1));
  const alike = fresh.filter((mean) => nearest(mean, [...known, ofOthers(mean)]) === added);
  const unlike = old.filter((mean) => nearest(mean, [...known, centre]) !== added);
  return alike.length >= SHARE_APART * fresh.length && unlike.length >= SHARE_APART * old.length;
}

/** The mean of each image's features over its cells, standardised. */
function standardisedMeans({ imageMeans, statistics }: ExtractedFeatures): Float32Array[] {
  const { mean, deviation } = statistics;
  return imageMeans.map((own) =>
    own.map((value, c) => (value - (mean[c] as number)) / (deviation[c] as number)),
  );
}

function meanOf(means: readonly Float32Array[]): Float32Array {
  return Float32Array.from(
    means[0] as Float32Array,
    (_, c) => means.reduce((sum, mean) => sum + (mean[c] as number), 0) / means.length,
  );
}

function nearest(mean: Float32Array, prototypes: readonly Float32Array[]): number {
  const distances = prototypes.map((own) =>
    own.reduce((sum, value, c) => sum + (value - (mean[c] as number)) ** 2, 0),
  );
  return distances.indexOf(Math.min(...distances));
}

/** The rows of a tensor [rows, ...] among a bundle's values. */
export function rowsOf(values: ParameterValues, name: string): Float32Array[] {
  const { shape, data } = values.get(name) as Tensor<'float32'>;
  const [rows] = shape as [number];
  const width = data.length / rows;
  return Array.from({ length: rows }, (_, row) => data.subarray(row * width, (row + 1) * width));
}
