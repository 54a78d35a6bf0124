import {
  checkOptions,
  type EvaluatedImage,
  type Evaluation,
  type Manifest,
  mapScaleOf,
  type SeenImage,
} from '@bigrid/inspect';
import { z } from 'zod';
import { openCharts } from './charts.ts';
import { drawThumbnailSchema } from './option-schemas.ts';
import { renderPage } from './page.ts';
import { comparatorOfNeed, groupImages } from './summary.ts';
import {
  charactersForOneOf,
  Drawing,
  type DrawThumbnail,
  defaultMaximumImages,
  slack,
  type Thumbnail,
  thumbnailOf,
} from './thumbnail.ts';

export interface ReportOptions {
  /** Heading of the page. */
  readonly title: string;
  /** Draws the test images: `drawThumbnail` of `@bigrid/node`. */
  readonly drawThumbnail: DrawThumbnail;
  /** Maximum number of test images shown, those that need attention most; all are counted. Default 1,000. */
  readonly maximumImages?: number | undefined;
}

const optionsSchema = z.strictObject({
  title: z.string(),
  drawThumbnail: drawThumbnailSchema,
  maximumImages: z.int().min(0).optional(),
}) satisfies z.ZodType<ReportOptions>;

/**
 * Renders an evaluation as one self-contained HTML page: verdicts, metrics, test images with their heat maps, curves,
 * and a threshold to move. Images are drawn during the evaluation, each while the next is inspected, and only the
 * thumbnails are kept. The same evaluation gives the same page.
 *
 * ```ts
 * const report = new Report(bundle.manifest, { title: 'Bottles', drawThumbnail });
 * const evaluation = await evaluate(bundle, dir, { onImage: (seen) => report.add(seen) });
 * const page = await report.render(evaluation);
 * ```
 */
export class Report {
  readonly #manifest: Manifest;
  readonly #title: string;
  readonly #drawThumbnail: DrawThumbnail;
  readonly #maximumImages: number;
  readonly #thumbnails = new Map<EvaluatedImage, Thumbnail>();
  readonly #drawing = new Drawing();

  /** @throws OPTION_INVALID */
  constructor(manifest: Manifest, options: ReportOptions) {
    checkOptions(optionsSchema, options, 'Report');
    const { title, drawThumbnail, maximumImages = defaultMaximumImages } = options;
    this.#manifest = manifest;
    this.#title = title;
    this.#drawThumbnail = drawThumbnail;
    this.#maximumImages = maximumImages;
  }

  /** Starts drawing an image, after the previous one is done. */
  async add(seen: SeenImage): Promise<void> {
    await this.#drawing.done();
    this.#drawing.start(this.#draw(seen));
  }

  /**
   * @param evaluation the one whose images were added
   * @param manifest with the thresholds to show, if labels of the evaluation have set others
   */
  async render(evaluation: Evaluation, manifest = this.#manifest): Promise<string> {
    await this.#drawing.done();
    this.#keepMostNeeded(manifest);
    const groups = groupImages(evaluation, manifest.calibration);
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

  async #draw(seen: SeenImage): Promise<void> {
    const shown = Math.min(seen.total, this.#maximumImages);
    if (shown === 0) return;
    const maximumCharacters = charactersForOneOf(shown);
    const options = { scale: mapScaleOf(this.#manifest), maximumCharacters };
    this.#thumbnails.set(seen.evaluated, await thumbnailOf(seen, this.#drawThumbnail, options));
    if (this.#thumbnails.size > this.#maximumImages * (1 + slack))
      this.#keepMostNeeded(this.#manifest);
  }

  #keepMostNeeded({ calibration }: Manifest): void {
    const byNeed = comparatorOfNeed(calibration);
    const drawn = [...this.#thumbnails.keys()].sort(byNeed);
    for (const image of drawn.slice(this.#maximumImages)) this.#thumbnails.delete(image);
  }
}
