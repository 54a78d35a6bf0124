import {
  checkOptions,
  type FailedInspection,
  type Judgement,
  type Manifest,
  mapScaleOf,
  type Verdict,
} from '@bigrid/inspect';
import { z } from 'zod';
import { renderInspection } from './inspection-page.ts';
import { drawThumbnailSchema } from './option-schemas.ts';
import {
  charactersForOneOf,
  Drawing,
  type DrawThumbnail,
  defaultMaximumImages,
  slack,
  type Thumbnail,
  thumbnailOf,
} from './thumbnail.ts';

export interface InspectionReportOptions {
  /** Heading of the page. */
  readonly title: string;
  /** Draws the images: `drawThumbnail` of `@bigrid/node`. */
  readonly drawThumbnail: DrawThumbnail;
  /** Number of images, if known: fewer images are drawn larger. */
  readonly total?: number | undefined;
  /** Maximum number of images shown, those with the highest scores; all are counted. Default 1,000. */
  readonly maximumImages?: number | undefined;
  /** Regions of fewer pixels are not outlined. Default 0. */
  readonly smallestRegion?: number | undefined;
}

/** What is kept of an image: a thumbnail, not its pixels. */
export interface ShownImage {
  readonly path: string;
  readonly score: number;
  readonly verdict: Judgement;
  /** Whether it shows something other than the product. */
  readonly unknown: boolean;
  readonly thumbnail: Thumbnail;
}

/** An image that could not be read. */
export interface UnreadImage {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

export type VerdictCounts = Readonly<Record<Judgement | 'unreadable', number>>;

const optionsSchema = z.strictObject({
  title: z.string(),
  drawThumbnail: drawThumbnailSchema,
  total: z.int().min(0).optional(),
  maximumImages: z.int().min(0).optional(),
  smallestRegion: z.number().min(0).optional(),
}) satisfies z.ZodType<InspectionReportOptions>;

/** Unreadable images that are listed; further ones are only counted. */
const mostUnread = 1000;

/**
 * Renders verdicts on unlabelled images as one self-contained HTML page: a gallery of images and heat maps, the highest
 * score first. Memory and page size are bounded: images with lower scores are only counted.
 *
 * ```ts
 * const report = new InspectionReport(bundle.manifest, { title: 'Today', drawThumbnail });
 * for await (const verdict of inspect(bundle, ['today'])) await report.add(verdict);
 * const page = await report.render();
 * ```
 */
export class InspectionReport {
  readonly #manifest: Manifest;
  readonly #title: string;
  readonly #drawThumbnail: DrawThumbnail;
  readonly #most: number;
  readonly #maximumCharacters: number;
  readonly #smallestRegion: number | undefined;
  readonly #counts = { anomalous: 0, unsure: 0, normal: 0, unreadable: 0 };
  readonly #unread: UnreadImage[] = [];
  #shown: ShownImage[] = [];
  /** The lowest score kept, once there are enough: images below it will not be shown. */
  #floor = Number.NEGATIVE_INFINITY;
  readonly #drawing = new Drawing();

  /** @throws OPTION_INVALID */
  constructor(manifest: Manifest, options: InspectionReportOptions) {
    checkOptions(optionsSchema, options, 'InspectionReport');
    const { title, drawThumbnail, total, maximumImages = defaultMaximumImages } = options;
    this.#manifest = manifest;
    this.#title = title;
    this.#drawThumbnail = drawThumbnail;
    this.#most = maximumImages;
    this.#maximumCharacters = charactersForOneOf(Math.min(total ?? maximumImages, maximumImages));
    this.#smallestRegion = options.smallestRegion;
  }

  /** Counts an image and starts drawing it, after the previous one is done. */
  async add(outcome: Verdict | FailedInspection): Promise<void> {
    await this.#drawing.done();
    if ('error' in outcome) {
      this.#counts.unreadable++;
      const { code, message } = outcome.error;
      if (this.#unread.length < mostUnread)
        this.#unread.push({ path: outcome.path, code, message });
      return;
    }
    this.#counts[outcome.verdict]++;
    if (this.#most === 0 || outcome.score < this.#floor) return;
    this.#drawing.start(this.#draw(outcome));
  }

  /** @param logged number of images that were in the log already and are not shown */
  async render(logged = 0): Promise<string> {
    await this.#drawing.done();
    this.#keepHighest();
    return renderInspection({
      title: this.#title,
      manifest: this.#manifest,
      counts: this.#counts,
      shown: this.#shown,
      unread: this.#unread,
      logged,
      scale: mapScaleOf(this.#manifest),
    });
  }

  async #draw({ path, score, verdict, unknown, image, map, ignored }: Verdict): Promise<void> {
    const options = {
      scale: mapScaleOf(this.#manifest),
      maximumCharacters: this.#maximumCharacters,
      smallestRegion: this.#smallestRegion,
    };
    const seen = { image, map, ignored, mask: undefined };
    const thumbnail = await thumbnailOf(seen, this.#drawThumbnail, options);
    this.#shown.push({ path, score, verdict, unknown, thumbnail });
    if (this.#shown.length > this.#most * (1 + slack)) {
      this.#keepHighest();
      this.#floor = this.#shown.at(-1)?.score ?? this.#floor;
    }
  }

  #keepHighest(): void {
    this.#shown = this.#shown.toSorted(byFallingScore).slice(0, this.#most);
  }
}

/** NaN comes first, because its verdict cannot be trusted. */
function byFallingScore({ score: a }: ShownImage, { score: b }: ShownImage): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(b)) - Number(Number.isNaN(a));
  return a === b ? 0 : b - a;
}
