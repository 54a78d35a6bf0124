import type { Tensor } from '@bigrid/graph';
import { EXPECTED, type ParameterValues } from '@bigrid/method';
import type { ExtractedFeatures } from './feature-extraction.ts';
import { split } from './rows.ts';

/** Groups of images that look alike as a whole: a class, or new images that an update found to differ from all others. */
export interface Kinds {
  /** The mean of a kind's features over its images and their cells, standardised: [channels] each. */
  readonly prototypes: readonly Float32Array[];
  /** The kind of each image. */
  readonly of: readonly number[];
  /** Whether the last kind consists of the new images; the bundle's values then already hold the other kinds. */
  readonly isNewKind: boolean;
}

/** Minimum size of a new kind: fewer images say too little about each place. */
const LEAST_OF_NEW_KIND = 8;
/** Share of new and of old images that must be nearest to their own kind. */
const SHARE_APART = 0.9;

/** Makes each class a kind. @param classes class of each learnt image */
export function kindsOfClasses(features: ExtractedFeatures, classes: readonly string[]): Kinds {
  const names = [...new Set(classes)];
  const of = classes.map((name) => names.indexOf(name));
  const means = standardisedMeans(features);
  const prototypes = names.map((_, kind) => meanOf(means.filter((_, at) => of[at] === kind)));
  return { prototypes, of, isNewKind: false };
}

/**
 * Assigns each image to the nearest kind in a bundle's values. The new images become a kind of their own if they are nearer
 * to each other than to any known kind, and old images are not nearer to them.
 * @param isNew whether the image at an index is new
 */
export function kindsOfUpdate(
  values: ParameterValues,
  features: ExtractedFeatures,
  isNew: (image: number) => boolean,
): Kinds {
  const means = standardisedMeans(features);
  const [fresh, old] = [means.filter((_, at) => isNew(at)), means.filter((_, at) => !isNew(at))];
  // A bundle with a single kind stores no prototype.
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
  // Compare each image with the mean of the others, not with a mean that includes itself.
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

/** The rows of a tensor [rows, ...] in a bundle's values. */
export function rowsOf(values: ParameterValues, name: string): Float32Array[] {
  const { shape, data } = values.get(name) as Tensor<'float32'>;
  const [rows] = shape as [number];
  return split(data, data.length / rows);
}
