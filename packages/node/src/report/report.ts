import {
  checkOptions,
  type EvaluatedPicture,
  type Evaluation,
  type Manifest,
  mapScaleOf,
  type SeenPicture,
} from '@bigrid/inspect';
import { z } from 'zod';
import { optional } from '../files/option-schemas.ts';
import { openCharts } from './charts.ts';
import { renderPage } from './page.ts';
import { comparatorOfNeed, groupPictures } from './summary.ts';
import { charactersForOneOf, drawThumbnail, type Thumbnail } from './thumbnails.ts';

export interface ReportOptions {
  /** Heading of the page. */
  readonly title: string;
  /** The most test pictures shown, those that need a look first; all are counted. Default 1,000. */
  readonly maximumPictures?: number | undefined;
}

const optionsSchema = optional<ReportOptions>({
  title: z.string(),
  maximumPictures: z.int().min(0),
}).required({ title: true });

const defaultMaximumPictures = 1000;
/** Drawings kept beyond those wanted before the ones least needed go, as a share of those wanted. */
const slack = 0.25;

/**
 * Makes of an evaluation one HTML page that needs nothing beside it: verdicts, metrics, test pictures beside their
 * heat maps, curves, and a threshold to move. Pictures are drawn as they are evaluated, one while the next is
 * inspected, and only the small drawings are kept. The same evaluation makes the same page.
 *
 * ```ts
 * const report = new Report(bundle.manifest, { title: 'Bottles' });
 * const evaluation = await evaluate(bundle, dir, { onPicture: (seen) => report.add(seen) });
 * const page = await report.render(evaluation);
 * ```
 */
export class Report {
  readonly #manifest: Manifest;
  readonly #title: string;
  readonly #maximumPictures: number;
  readonly #thumbnails = new Map<EvaluatedPicture, Thumbnail>();
  #drawing: Promise<void> = Promise.resolve();

  /** @throws OPTION_INVALID when `maximumPictures` is no whole number from 0 */
  constructor(manifest: Manifest, options: ReportOptions) {
    checkOptions(optionsSchema, options, 'Report');
    const { title, maximumPictures = defaultMaximumPictures } = options;
    this.#manifest = manifest;
    this.#title = title;
    this.#maximumPictures = maximumPictures;
  }

  /** Starts to draw a picture, once the one before is done. */
  async add(seen: SeenPicture): Promise<void> {
    await this.#drawing;
    this.#drawing = this.#draw(seen);
    // Its error is thrown where it is waited for; until then it is not unhandled.
    this.#drawing.catch(() => {});
  }

  /**
   * @param evaluation the one whose pictures were added
   * @param manifest with the thresholds to tell of, where labels of the evaluation set others than those of before
   */
  async render(evaluation: Evaluation, manifest = this.#manifest): Promise<string> {
    await this.#drawing;
    this.#keepMostNeeded(manifest);
    const groups = groupPictures(evaluation, manifest.calibration);
    return renderPage({
      evaluation,
      manifest,
      title: this.#title,
      groups,
      scale: mapScaleOf(manifest),
      thumbnails: this.#thumbnails,
      drawChart: await openCharts(),
    });
  }

  async #draw(seen: SeenPicture): Promise<void> {
    const shown = Math.min(seen.total, this.#maximumPictures);
    if (shown === 0) return;
    const maximumCharacters = charactersForOneOf(shown);
    const options = { scale: mapScaleOf(this.#manifest), maximumCharacters };
    this.#thumbnails.set(seen.evaluated, await drawThumbnail(seen, options));
    if (this.#thumbnails.size > this.#maximumPictures * (1 + slack))
      this.#keepMostNeeded(this.#manifest);
  }

  #keepMostNeeded({ calibration }: Manifest): void {
    const byNeed = comparatorOfNeed(calibration);
    const drawn = [...this.#thumbnails.keys()].sort(byNeed);
    for (const picture of drawn.slice(this.#maximumPictures)) this.#thumbnails.delete(picture);
  }
}
