import type { ErrorCode } from '@bigrid/errors';
import type {
  AnomalyMap,
  Judgement,
  Manifest,
  RawFrame,
  Region,
  ThresholdRules,
} from '@bigrid/node';
import type { ImageStatistics } from '@bigrid/node/internal';

/** What a detector process loads, as JSON in its only argument. */
export interface DetectorFiles {
  /** Path of the model file. */
  readonly model: string;
  /** Path of a mask that replaces the model's own, white where images are ignored. */
  readonly mask?: string | undefined;
}

/** How to judge an image, if not as the model file says. */
export interface JudgingOptions extends ThresholdRules {
  /** Regions of fewer image pixels are left out. */
  readonly smallestRegion?: number | undefined;
}

/** An image to inspect. */
export interface InspectionTask {
  /** An encoded image, or a frame of pixels. */
  readonly image: Uint8Array | RawFrame;
  /** Names the image in errors. */
  readonly name: string;
  readonly judging: JudgingOptions;
  /** Whether to return the anomaly map. */
  readonly map?: boolean | undefined;
  /** Whether to draw the heat map. */
  readonly heatMap?: boolean | undefined;
}

/** The verdict on an image, with what was asked for. */
export interface InspectionResult {
  readonly width: number;
  readonly height: number;
  readonly score: number;
  readonly threshold: number;
  readonly unsureThreshold?: number | undefined;
  readonly confidence: number;
  /** The share of good images that score at least as high, counting this one: (1 + k) / (1 + n); 0..1. */
  readonly pValue: number;
  readonly verdict: Judgement;
  readonly isAnomalous: boolean;
  readonly unknown: boolean;
  readonly regions: readonly Region[];
  /** Milliseconds from the start of decoding to the verdict. */
  readonly milliseconds: number;
  /** Of the image, to detect drift. */
  readonly statistics: ImageStatistics;
  readonly map?: AnomalyMap | undefined;
  /** PNG. */
  readonly heatMap?: Uint8Array | undefined;
}

export interface Request extends InspectionTask {
  readonly id: number;
}

/** An error of the registry: it loses its class between processes. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy: string;
}

/** What a detector process sends: first whether the model was loaded, then an answer per request, in any order. */
export type Message =
  | { readonly manifest: Manifest }
  | { readonly failure: Failure }
  | { readonly id: number; readonly result: InspectionResult }
  | { readonly id: number; readonly failure: Failure };
