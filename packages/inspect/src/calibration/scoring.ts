import type { Engine } from '@bigrid/graph';
import type { Bundle } from '../bundle/bundle.ts';
import { allLieFreely, type Manifest } from '../bundle/manifest.ts';
import { Detector } from '../detection/detector.ts';
import { digest } from '../digest.ts';
import { type OnEvent, type Phase, progressOf, reportSkipped } from '../events.ts';
import { type Fingerprint, fingerprintOf, groupNearDuplicates } from '../fingerprint.ts';
import { type ImageStatistics, imageStatistics } from '../image-statistics.ts';
import { lookAt } from '../inspect.ts';
import type { ImageEntry } from '../ports.ts';
import { imagesAhead, inOrder, type TakeRoom } from '../work.ts';

/** What calibration needs from one image. */
export interface ScoredImage<Entry extends ImageEntry = ImageEntry> {
  readonly entry: Entry;
  readonly score: number;
  /** The highest value of its map. */
  readonly mapMaximum: number;
  readonly statistics: ImageStatistics;
  /** SHA-256 over its pixels. */
  readonly digest: Uint8Array;
  readonly fingerprint: Fingerprint;
}

/** The numbers of scored images that calibration takes. */
export function scoresOf(scored: readonly Pick<ScoredImage, 'score' | 'mapMaximum'>[]) {
  return {
    scores: scored.map(({ score }) => score),
    mapMaxima: scored.map(({ mapMaximum }) => mapMaximum),
  };
}

/** The group of near-duplicates of each image: {@link groupNearDuplicates}. @param manifest of the model that scored them */
export function partsOf(
  manifest: Manifest,
  scored: readonly Pick<ScoredImage, 'fingerprint'>[],
): number[] {
  const areFree = allLieFreely(manifest);
  const prints = scored.map(({ fingerprint }) => fingerprint);
  return groupNearDuplicates(prints, () => areFree);
}

export interface ScoringInput<Entry extends ImageEntry> {
  readonly engine: Engine;
  readonly model: Pick<Bundle, 'bytes'>;
  readonly entries: readonly Entry[];
  /** By which progress is reported. Default: calibrating. */
  readonly phase?: Phase;
  readonly onEvent?: OnEvent | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Scores images, in order. One that cannot be read is reported and left out.
 * @throws BUNDLE_INVALID, ENGINE_FAILED, CANCELLED
 */
export async function scoreImages<Entry extends ImageEntry>(
  input: ScoringInput<Entry>,
): Promise<ScoredImage<Entry>[]> {
  const { engine, model, entries, phase = 'calibrating', onEvent = () => {}, signal } = input;
  const detector = await Detector.load(engine, model);
  const scored: ScoredImage<Entry>[] = [];
  try {
    const progress = progressOf(phase, entries.length, onEvent);
    let done = 0;
    const look = async (entry: Entry, takeRoom: TakeRoom) => {
      const { image, inspection } = await lookAt(detector, entry, takeRoom);
      return { image, inspection, digest: await digest(image.data) };
    };
    for await (const outcome of inOrder(entries, look, imagesAhead(engine.runsAtOnce), signal)) {
      const entry = outcome.item;
      if ('error' in outcome) {
        reportSkipped(entry.path, outcome.error, onEvent);
      } else {
        const { image, inspection, digest } = outcome.value;
        const { score, map } = await inspection;
        const mapMaximum = map.data.reduce((highest, value) => Math.max(highest, value), 0);
        scored.push({
          entry,
          score,
          mapMaximum,
          statistics: imageStatistics(image),
          digest,
          fingerprint: fingerprintOf(image),
        });
      }
      progress(++done);
    }
  } finally {
    await detector.dispose();
  }
  return scored;
}
