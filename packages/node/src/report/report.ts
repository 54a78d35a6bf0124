import { fail } from '@bigrid/errors';
import type { EvaluatedPicture, Evaluation, Manifest } from '@bigrid/inspect';
import { openCharts } from './charts.ts';
import { renderPage } from './page.ts';
import { groupPictures } from './summary.ts';
import {
  drawThumbnail,
  mapInOrder,
  type Thumbnail,
  type UnreadableThumbnail,
} from './thumbnails.ts';

export interface ReportOptions {
  /** Heading of the page. */
  readonly title: string;
  /** The most test pictures drawn, those that need a look first; all are counted. Default 1,000. */
  readonly maximumPictures?: number | undefined;
  /** Called after each picture drawn. */
  readonly onPicture?: ((done: number, total: number) => void) | undefined;
  /** Stops the work between two pictures. */
  readonly signal?: AbortSignal | undefined;
}

const defaultMaximumPictures = 1000;
/** Encoded bytes of all pictures: a third more as text, and 30 MB still open at once in a browser. */
export const bytesForAll = 19_000_000;
const bytesForOne = 48_000;
/** Pictures drawn at a time: one is decoded while another is drawn. */
const atOnce = 3;

/**
 * Renders an evaluation as one HTML page that needs nothing beside it: verdicts, metrics, every test picture
 * beside its heat map, curves, and a threshold to move. Reads the test pictures again. The same evaluation
 * makes the same page.
 *
 * @throws OPTION_INVALID when `maximumPictures` is no whole number from 0, CANCELLED
 */
export async function renderReport(
  evaluation: Evaluation,
  manifest: Manifest,
  options: ReportOptions,
): Promise<string> {
  const { title, maximumPictures = defaultMaximumPictures, onPicture, signal } = options;
  if (!Number.isInteger(maximumPictures) || maximumPictures < 0) {
    fail(
      'OPTION_INVALID',
      `Expected a whole number from 0 for maximumPictures but received ${maximumPictures}`,
    );
  }
  const groups = groupPictures(evaluation, manifest.calibration.threshold);
  const chosen = groups.flatMap(({ pictures }) => pictures).slice(0, maximumPictures);
  const { mapScale, pixelThreshold } = manifest.calibration;
  const scale = { ...mapScale, threshold: pixelThreshold };
  const thumbnailOptions = {
    mapWidth: evaluation.mapWidth,
    mapHeight: evaluation.mapHeight,
    scale,
    maximumBytes: Math.min(bytesForOne, bytesForAll / Math.max(1, chosen.length)),
  };
  let done = 0;
  const draw = async (
    picture: EvaluatedPicture,
  ): Promise<[EvaluatedPicture, Thumbnail | UnreadableThumbnail]> => {
    if (signal?.aborted) {
      fail('CANCELLED', 'Expected to finish but was cancelled', { cause: signal.reason });
    }
    const thumbnail = await drawThumbnail(picture, thumbnailOptions);
    onPicture?.(++done, chosen.length);
    return [picture, thumbnail];
  };
  const thumbnails = new Map(await mapInOrder(chosen, draw, atOnce));
  const drawChart = await openCharts();
  return renderPage({ evaluation, manifest, title, groups, scale, thumbnails, drawChart });
}
