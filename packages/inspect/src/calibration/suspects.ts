import { fail } from '@bigrid/errors';
import { recogniserOf } from '../bundle/learnt.ts';
import type { Manifest } from '../bundle/manifest.ts';
import type { OnEvent } from '../events.ts';
import { promised } from './promise.ts';
import type { ScoredImage } from './scoring.ts';

/** Images given as good and unseen that probably are not. */
export interface Suspects {
  /** Those that the model learnt: their scores are too low for a threshold. */
  readonly learnt: readonly ScoredImage[];
  /** Those that score more than {@link FAR} times what good images reach, the highest first. */
  readonly far: readonly ScoredImage[];
}

/**
 * A multiple of the score that good images reach, above which an image is suspect. Scores cannot tell a new lamp from a
 * defect, only near from far: on *bottle*, good images under another lamp score 3.0 to 3.6 times the threshold, and 43 of 63
 * defects more than 4 times.
 */
const FAR = 4;
/** The number of images of each kind that are named; the rest are counted. */
const MOST_NAMED = 5;

/**
 * The score that good images reach: the larger of the threshold and the highest score at calibration. 0 if those scores are of
 * near-duplicates of learnt images, or of one part: other parts may well score many times as much.
 */
function reachOf({ calibration }: Pick<Manifest, 'calibration'>): number {
  if (promised(calibration).falsePositiveRate === undefined) return 0;
  return Math.max(calibration.threshold, calibration.scores.at(-1) as number);
}

/**
 * Finds images that are probably not what they are given as: unseen and good.
 * @param manifest of the bundle that scored them
 */
export function suspectsOf(manifest: Manifest, scored: readonly ScoredImage[]): Suspects {
  const isLearnt = recogniserOf(manifest.learnt);
  const reach = reachOf(manifest);
  return {
    learnt: scored.filter(({ digest }) => isLearnt(digest)),
    // If the score that good images reach is unknown or 0, there is nothing to compare with.
    far:
      reach > 0
        ? scored.filter(({ score }) => score > FAR * reach).sort((a, b) => b.score - a.score)
        : [],
  };
}

/**
 * Rejects suspect images, or only warns if they are allowed.
 * @param total number of images that they are among
 * @throws SUSPECT_IMAGES
 */
export function guardAgainst(
  { learnt, far }: Suspects,
  manifest: Manifest,
  total: number,
  {
    allowed = false,
    onEvent,
  }: { readonly allowed?: boolean | undefined; readonly onEvent: OnEvent },
): void {
  const reach = reachOf(manifest);
  const found = [
    ...describe(
      far,
      `${far.length} of ${total} that score more than ${FAR} times what good images reach (${short(reach)})`,
      ({ entry, score }) => `${entry.path}, ${short(score / reach)} times`,
    ),
    ...describe(
      learnt,
      `${learnt.length} of ${total} that the model learnt, so that their scores are too low for a threshold`,
      ({ entry }) => entry.path,
    ),
  ];
  if (found.length === 0) return;
  if (!allowed) {
    const expected = learnt.length > 0 ? 'good images that the model did not learn' : 'good images';
    fail('SUSPECT_IMAGES', [`Expected ${expected} but received`, ...found].join('\n'));
  }
  onEvent({ type: 'warning', message: ['Treated as good anyway:', ...found].join('\n') });
}

function describe(
  images: readonly ScoredImage[],
  heading: string,
  line: (image: ScoredImage) => string,
): string[] {
  if (images.length === 0) return [];
  const rest = images.length - MOST_NAMED;
  return [
    `  ${heading}:`,
    ...images.slice(0, MOST_NAMED).map((image) => `    ${line(image)}`),
    ...(rest > 0 ? [`    and ${rest} more`] : []),
  ];
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
