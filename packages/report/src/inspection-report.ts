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
  type DrawThumbnail,
  type Thumbnail,
  thumbnailOf,
} from './thumbnail.ts';

export interface InspectionReportOptions {
  /** Heading of the page. */
  readonly title: string;
  /** Draws the images: `drawThumbnail` of `@bigrid/node`. */
  readonly drawThumbnail: DrawThumbnail;
  /** How many images are to come, where that is known: of few, each is drawn larger. */
  readonly total?: number | undefined;
  /** The most images shown, those of the highest scores; all are counted. Default 1,000. */
  readonly maximumImages?: number | undefined;
  /** Regions of fewer pixels are not outlined. Default 0. */
  readonly smallestRegion?: number | undefined;
}

/** What is kept of an image: a small drawing, and not its pixels. */
export interface ShownImage {
  readonly path: string;
  readonly score: number;
  readonly verdict: Judgement;
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

const defaultMaximumImages = 1000;
/** Images that could not be read: these are named, others only counted. */
const mostUnread = 1000;
/** Drawings kept beyond those wanted before those of the lowest scores go, as a share of those wanted. */
const slack = 0.25;

/**
 * Makes of verdicts on unlabelled images one HTML page that needs nothing beside it: a gallery beside heat maps, the highest
 * score first. Memory and page are bounded whatever the number of images: those of lower scores are only counted.
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
  /** Once enough are kept, the lowest score among them: none below it will be shown. */
  #floor = Number.NEGATIVE_INFINITY;
  #drawing: Promise<void> = Promise.resolve();

  /** @throws OPTION_INVALID when `maximumImages` is no whole number from 0 */
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

  /** Counts an image, and starts to draw it once the one before is done. */
  async add(outcome: Verdict | FailedInspection): Promise<void> {
    await this.#drawing;
    if ('error' in outcome) {
      this.#counts.unreadable++;
      const { code, message } = outcome.error;
      if (this.#unread.length < mostUnread)
        this.#unread.push({ path: outcome.path, code, message });
      return;
    }
    this.#counts[outcome.verdict]++;
    if (this.#most === 0 || outcome.score < this.#floor) return;
    this.#drawing = this.#draw(outcome);
    // Its error is thrown where it is waited for; until then it is not unhandled.
    this.#drawing.catch(() => {});
  }

  /** @param logged images that a log has from before: they are counted there, and not shown */
  async render(logged = 0): Promise<string> {
    await this.#drawing;
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

  async #draw({ path, score, verdict, image, map, ignored }: Verdict): Promise<void> {
    const options = {
      scale: mapScaleOf(this.#manifest),
      maximumCharacters: this.#maximumCharacters,
      smallestRegion: this.#smallestRegion,
    };
    const seen = { image, map, ignored, mask: undefined };
    const thumbnail = await thumbnailOf(seen, this.#drawThumbnail, options);
    this.#shown.push({ path, score, verdict, thumbnail });
    if (this.#shown.length > this.#most * (1 + slack)) {
      this.#keepHighest();
      this.#floor = this.#shown.at(-1)?.score ?? this.#floor;
    }
  }

  #keepHighest(): void {
    this.#shown = this.#shown.toSorted(byFallingScore).slice(0, this.#most);
  }
}

/** What is not a number comes first: no verdict on it can be trusted. */
function byFallingScore({ score: a }: ShownImage, { score: b }: ShownImage): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(b)) - Number(Number.isNaN(a));
  return a === b ? 0 : b - a;
}
