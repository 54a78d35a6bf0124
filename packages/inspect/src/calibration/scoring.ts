import type { Engine } from '@bigrid/graph';
import type { Bundle } from '../bundle/bundle.ts';
import { Detector } from '../detection/detector.ts';
import { digest } from '../digest.ts';
import { type OnEvent, type Phase, progressOf, reportSkipped } from '../events.ts';
import { type Fingerprint, fingerprintOf } from '../fingerprint.ts';
import { type PictureStatistics, pictureStatistics } from '../picture-statistics.ts';
import type { PictureEntry } from '../ports.ts';
import { readPicture } from '../read-picture.ts';
import { DECODE_AHEAD, inOrder, type TakeRoom } from '../work.ts';

/** What calibration takes from one picture. */
export interface ScoredPicture<Entry extends PictureEntry = PictureEntry> {
  readonly entry: Entry;
  readonly score: number;
  /** The highest value of its map. */
  readonly mapMaximum: number;
  readonly statistics: PictureStatistics;
  /** SHA-256 over its pixels. */
  readonly digest: Uint8Array;
  readonly fingerprint: Fingerprint;
}

/**
 * Scores pictures, in order. One that cannot be read is reported and left out.
 * @throws BUNDLE_INVALID, ENGINE_FAILED, CANCELLED
 */
export async function scorePictures<Entry extends PictureEntry>(
  engine: Engine,
  bundle: Pick<Bundle, 'bytes'>,
  entries: readonly Entry[],
  onEvent: OnEvent,
  signal?: AbortSignal,
  phase: Phase = 'calibrating',
): Promise<ScoredPicture<Entry>[]> {
  const detector = await Detector.load(engine, bundle);
  const scored: ScoredPicture<Entry>[] = [];
  try {
    const progress = progressOf(phase, entries.length, onEvent);
    let done = 0;
    const read = async (entry: Entry, takeRoom: TakeRoom) => {
      const picture = await readPicture(entry, takeRoom);
      return { picture, pixels: await digest(picture.data) };
    };
    for await (const outcome of inOrder(entries, read, DECODE_AHEAD, signal)) {
      const entry = outcome.item;
      if ('error' in outcome) {
        reportSkipped(entry.path, outcome.error, onEvent);
      } else {
        const { picture, pixels } = outcome.value;
        const { score, map } = await detector.inspect(picture, entry.ignored);
        const mapMaximum = map.data.reduce((highest, value) => Math.max(highest, value), 0);
        scored.push({
          entry,
          score,
          mapMaximum,
          statistics: pictureStatistics(picture),
          digest: pixels,
          fingerprint: fingerprintOf(picture),
        });
      }
      progress(++done);
    }
  } finally {
    await detector.dispose();
  }
  return scored;
}
