import type { MeasureDrift } from '@bigrid/node';
import { type ComparedInspection, compareInspections } from '@bigrid/node/internal';
import type { Inspected } from '../model-version.ts';
import type { ModelService } from '../models.ts';

/** That drift began, or is over. */
export interface DriftChange {
  readonly drifted: boolean;
  /** What moved, the furthest first; empty when it is over. */
  readonly measures: readonly MeasureDrift[];
}

/** Whether a stream drifts. */
export interface DriftState extends DriftChange {
  /** When drift began or was over; before both, when inspections were first compared. */
  readonly since: string;
}

/** Inspections that are compared at once, none of them twice. */
const WINDOW = 100;
/**
 * Comparisons in a row that have to agree. One in a hundred reports drift where there is none: with an image per second that
 * would be a false alert every three hours.
 */
const AGREEING = 2;

/** Compares what a stream inspects with calibration, from time to time. */
export class DriftWatch {
  readonly #models: Pick<ModelService, 'detailed'>;
  #window: ComparedInspection[] = [];
  /** Scores of different versions are not comparable. */
  #version: string | undefined;
  #state: DriftState | undefined;
  /** Comparisons in a row that contradict this. */
  #contradicting = 0;

  constructor(models: Pick<ModelService, 'detailed'>) {
    this.#models = models;
  }

  /** Undefined until there are enough inspections to compare. */
  get state(): DriftState | undefined {
    return this.#state;
  }

  /** @returns what changed; undefined if nothing did, or if it is not yet time to compare */
  async add(at: string, { version, result }: Inspected): Promise<DriftChange | undefined> {
    const { score, statistics } = result;
    if (this.#version !== version.file) {
      this.#version = version.file;
      this.#window = [];
      this.#contradicting = 0;
    }
    this.#window.push({ at, score, statistics });
    if (this.#window.length < WINDOW) return undefined;
    const window = this.#window;
    this.#window = [];
    // The version may have been deleted meanwhile.
    const detailed = await this.#models
      .detailed(version.model, version.version)
      .catch(() => undefined);
    return detailed && this.#judge(at, compareInspections(detailed.manifest, window));
  }

  #judge(since: string, { drifted, measures }: DriftChange): DriftChange | undefined {
    this.#state ??= { drifted: false, measures: [], since };
    this.#contradicting = drifted === this.#state.drifted ? 0 : this.#contradicting + 1;
    if (this.#contradicting < AGREEING) return undefined;
    this.#contradicting = 0;
    const change = { drifted, measures: measures.filter(({ moved }) => moved) };
    this.#state = { ...change, since };
    return change;
  }
}
