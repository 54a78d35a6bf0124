import {
  drawHeatMap,
  imageFromBytes,
  imageFromRaw,
  type Manifest,
  mapScaleOf,
  openDetector,
  type Verdict,
} from '@bigrid/node';
import { imageStatistics, underRules, verdictOf } from '@bigrid/node/internal';
import { endWithParent } from './child-process.ts';
import { failureOf } from './failures.ts';
import type {
  DetectorFiles,
  InspectionResult,
  InspectionTask,
  JudgingOptions,
  Message,
  Request,
} from './messages.ts';

// The program of a detector process: loads one model, then answers requests until its parent is gone.

endWithParent();

/** Different rules that are kept; requests seldom use more than a few. */
const MOST_KEPT = 100;

const send = (message: Message) => void process.send?.(message, undefined, undefined, () => {});

try {
  const { model, mask } = JSON.parse(process.argv[2] as string) as DetectorFiles;
  const detector = await openDetector(model, { threads: 1, mask });
  const { manifest } = detector;
  process.on('message', async ({ id, ...task }: Request) => {
    try {
      const started = performance.now();
      const { image, name } = task;
      const entry =
        image instanceof Uint8Array
          ? imageFromBytes(image, { name })
          : imageFromRaw({ ...image, name });
      const verdict = await detector.inspect(entry);
      send({ id, result: await resultOf(verdict, manifest, task, started) });
    } catch (error) {
      send({ id, failure: failureOf(error, 'inspect an image') });
    }
  });
  send({ manifest });
} catch (error) {
  send({ failure: failureOf(error, 'inspect an image') });
}

async function resultOf(
  first: Verdict,
  manifest: Manifest,
  { judging, map, heatMap }: InspectionTask,
  started: number,
): Promise<InspectionResult> {
  const judge = judgeBy(manifest, judging);
  const verdict = judge.isDefault
    ? first
    : verdictOf(first, first.entry, judge.manifest, judging.smallestRegion);
  const { score, threshold, confidence, isAnomalous, unknown, regions, image } = verdict;
  const statistics = imageStatistics(image);
  const { scores, unsure } = judge.manifest.calibration;
  const milliseconds = performance.now() - started;
  return {
    width: image.width,
    height: image.height,
    score,
    threshold,
    unsureThreshold: unsure?.threshold,
    confidence,
    pValue: (1 + scores.filter((good) => good >= score).length) / (1 + scores.length),
    verdict: verdict.verdict,
    isAnomalous,
    unknown,
    regions,
    milliseconds,
    statistics,
    map: map ? verdict.map : undefined,
    heatMap: heatMap
      ? await drawHeatMap(image, verdict.map, {
          ...mapScaleOf(judge.manifest),
          regions,
          ignored: verdict.ignored,
        })
      : undefined,
  };
}

interface Judge {
  readonly manifest: Manifest;
  /** Whether it judges as the detector already did. */
  readonly isDefault: boolean;
}

const judges = new Map<string, Judge>();

/** The manifest under the rules of a request. @throws OPTION_INVALID, THRESHOLD_UNSUPPORTED */
function judgeBy(manifest: Manifest, judging: JudgingOptions): Judge {
  const { threshold, unsure, smallestRegion } = judging;
  const key = JSON.stringify([threshold, unsure, smallestRegion]);
  const known = judges.get(key);
  if (known) return known;
  const isDefault = threshold === undefined && unsure === undefined && !smallestRegion;
  const judge = { manifest: underRules(manifest, { threshold, unsure }), isDefault };
  if (judges.size >= MOST_KEPT) judges.clear();
  judges.set(key, judge);
  return judge;
}
