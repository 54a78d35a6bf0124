import { fail } from '@bigrid/errors';
import { recogniserOf } from '../bundle/learnt.ts';
import type { Manifest } from '../bundle/manifest.ts';
import type { OnEvent } from '../events.ts';
import { promised } from './promise.ts';
import type { ScoredImage } from './scoring.ts';

/** Images said to be good that are probably not what they are said to be. */
export interface Suspects {
  /** Those that the model learnt: their scores are too low for a threshold. */
  readonly learnt: readonly ScoredImage[];
  /** Those that score more than {@link FAR} times what good images reach, the highest first. */
  readonly far: readonly ScoredImage[];
}

/**
 * How many times what good images reach makes an image suspect. Scores cannot tell a new lamp from a defect, only near
 * from far: on *bottle* good images under another lamp score 3.0 to 3.6 times the threshold, 43 of 63 defects more than 4.
 */
const FAR = 4;
/** Of each kind, as many are named; the rest is counted. */
const MOST_NAMED = 5;

/**
 * What good images reach: the threshold, or the highest score at calibration where that is above it. 0 where the scores are of
 * near-duplicates of what was learnt, or of one part: other parts may well score many times as much.
 */
function reachOf({ calibration }: Pick<Manifest, 'calibration'>): number {
  if (promised(calibration).falsePositiveRate === undefined) return 0;
  return Math.max(calibration.threshold, calibration.scores.at(-1) as number);
}

/**
 * Looks for images that are hardly what they are said to be: unseen and good.
 * @param manifest of the bundle that scored them
 */
export function suspectsOf(manifest: Manifest, scored: readonly ScoredImage[]): Suspects {
  const isLearnt = recogniserOf(manifest.learnt);
  const reach = reachOf(manifest);
  return {
    learnt: scored.filter(({ digest }) => isLearnt(digest)),
    // Where it is not known what good images reach, or they score nothing, there is no scale to measure by.
    far:
      reach > 0
        ? scored.filter(({ score }) => score > FAR * reach).sort((a, b) => b.score - a.score)
        : [],
  };
}

/**
 * Refuses suspect images, or warns of them where that is asked for.
 * @param total how many images they are among
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
  onEvent({ type: 'warning', message: ['Taken for good all the same:', ...found].join('\n') });
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
