import type { Readable } from 'node:stream';
import type { Manifest } from '@bigrid/node';
import type { InspectionResult, InspectionTask } from '../workers/messages.ts';
import type { BothRules, Settings } from './settings.ts';

export interface ModelVersion {
  readonly model: string;
  readonly version: number;
  readonly isActive: boolean;
  /** Whether inspections can begin without loading it first. */
  readonly isLoaded: boolean;
  /** SHA-256 of the model file. */
  readonly file: string;
  readonly bytes: number;
  readonly note: string;
  readonly settings: Settings;
  readonly createdAt: string;
}

/** A version with what its model file says. */
export interface DetailedVersion extends ModelVersion {
  /** Under the rules of the settings: what judges now. */
  readonly manifest: Manifest;
  /** Rules that give the thresholds of the model file again. */
  readonly asTrained: BothRules;
  /** What the threshold promises, a sentence. */
  readonly promise: string;
}

export interface ModelUpload {
  readonly model: string;
  readonly content: Readable;
  readonly note: string;
  /** Whether requests without a version get it from now on. */
  readonly activate: boolean;
  /** Changes the database together with it: both or neither. */
  readonly alongside?: ((version: number) => void) | undefined;
}

export interface InspectionRequest extends InspectionTask {
  readonly model: string;
  /** The active one if left out. */
  readonly version?: number | undefined;
}

export interface Inspected {
  readonly version: ModelVersion;
  readonly result: InspectionResult;
}
