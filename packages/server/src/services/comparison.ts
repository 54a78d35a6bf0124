import { fail } from '@bigrid/errors';
import type { Judgement, Manifest } from '@bigrid/node';
import { type AurocComparison, auroc, compareAuroc, judge, mcNemar } from '@bigrid/node/internal';
import type { ImageService, ProjectImage } from './images.ts';
import type { ModelService } from './models.ts';
import type { ScoreService } from './scores.ts';

/** How often a version is right about labelled images. */
interface ComparedVersion {
  readonly model: string;
  readonly version: number;
  readonly threshold: number;
  /** Normal images above the threshold. */
  readonly falseAlarms: number;
  /** Defects at or below it. */
  readonly missed: number;
  /** Null unless there are normal images and defects. */
  readonly auroc: number | null;
}

export interface Comparison {
  readonly images: number;
  readonly normal: number;
  readonly defects: number;
  readonly first: ComparedVersion;
  readonly second: ComparedVersion;
  readonly mcNemar: {
    readonly firstOnly: number;
    readonly secondOnly: number;
    readonly pValue: number;
  };
  readonly auroc: AurocComparison | null;
  readonly changed: {
    readonly image: number;
    readonly first: Judgement;
    readonly second: Judgement;
    readonly firstScore: number;
    readonly secondScore: number;
    readonly label: 'normal' | 'defect';
  }[];
}

/** A version by its name; the active one without a number. */
export interface VersionName {
  readonly model: string;
  readonly version?: number | undefined;
}

interface ComparedImage {
  readonly image: number;
  readonly isDefect: boolean;
  readonly firstScore: number;
  readonly secondScore: number;
}

type Calibration = Manifest['calibration'];

/** Compares two versions on the labelled images of a project that both have inspected. */
export class ComparisonService {
  readonly #images: ImageService;
  readonly #models: ModelService;
  readonly #scores: ScoreService;

  constructor(images: ImageService, models: ModelService, scores: ScoreService) {
    this.#images = images;
    this.#models = models;
    this.#scores = scores;
  }

  /**
   * @param split only images for that
   * @throws NOT_FOUND; STATE_CONFLICT if there is no labelled image that both have inspected
   */
  async compare(
    project: string,
    first: VersionName,
    second: VersionName,
    split?: ProjectImage['split'],
  ): Promise<Comparison> {
    const all = [await this.#known(project, first), await this.#known(project, second)] as const;
    const [{ scores: before }, { scores: after }] = all;
    const images = this.#images
      .all(project)
      .filter((image) => split === undefined || image.split === split);
    const compared = images.flatMap(({ id: image, label }): ComparedImage[] => {
      const [firstScore, secondScore] = [before.get(image), after.get(image)];
      if (label === null || firstScore === undefined || secondScore === undefined) return [];
      return [{ image, isDefect: label === 'defect', firstScore, secondScore }];
    });
    if (compared.length === 0) {
      fail(
        'STATE_CONFLICT',
        `Expected labelled images of ${project} that both versions have inspected but there are none`,
        { remedy: 'Queue a job of the kind inspect for each of the versions, and label images.' },
      );
    }
    return comparisonOf(compared, all[0], all[1]);
  }

  async #known(project: string, { model, version }: VersionName): Promise<Known> {
    const found = this.#models.version(model, version);
    const { manifest } = await this.#models.detailed(model, found.version);
    const { images, scores } = this.#scores.list(project, model, found.version);
    return {
      model,
      version: found.version,
      calibration: manifest.calibration,
      scores: new Map(images.map((image, at) => [image, scores[at] as number])),
    };
  }
}

interface Known {
  readonly model: string;
  readonly version: number;
  readonly calibration: Calibration;
  readonly scores: ReadonlyMap<number, number>;
}

function comparisonOf(images: readonly ComparedImage[], first: Known, second: Known): Comparison {
  const labels = images.map(({ isDefect }) => isDefect);
  const defects = labels.filter(Boolean).length;
  const [before, after] = [
    images.map(({ firstScore }) => firstScore),
    images.map(({ secondScore }) => secondScore),
  ];
  const isRight = (score: number, isDefect: boolean, { threshold }: Calibration) =>
    score > threshold === isDefect;
  const rights = images.map(({ isDefect, firstScore, secondScore }) => [
    isRight(firstScore, isDefect, first.calibration),
    isRight(secondScore, isDefect, second.calibration),
  ]);
  const firstOnly = rights.filter(([one, other]) => one && !other).length;
  const secondOnly = rights.filter(([one, other]) => !one && other).length;
  return {
    images: images.length,
    normal: images.length - defects,
    defects,
    first: measured(first, before, labels),
    second: measured(second, after, labels),
    mcNemar: { firstOnly, secondOnly, pValue: mcNemar(firstOnly, secondOnly) },
    auroc: compareAuroc(before, after, labels) ?? null,
    changed: images
      .map(({ isDefect, ...image }) => ({
        ...image,
        first: judge(image.firstScore, first.calibration),
        second: judge(image.secondScore, second.calibration),
        label: isDefect ? ('defect' as const) : ('normal' as const),
      }))
      .filter((image) => image.first !== image.second),
  };
}

function measured(
  { model, version, calibration: { threshold } }: Known,
  scores: readonly number[],
  labels: readonly boolean[],
): ComparedVersion {
  const count = (isDefect: boolean, isAbove: boolean) =>
    scores.filter((score, at) => labels[at] === isDefect && score > threshold === isAbove).length;
  const area = auroc(scores, labels);
  return {
    model,
    version,
    threshold,
    falseAlarms: count(false, true),
    missed: count(true, false),
    auroc: Number.isNaN(area) ? null : area,
  };
}
