import type { Manifest } from '@bigrid/node';
import type { DetectorFiles, InspectionResult, InspectionTask } from './messages.ts';

/** A model that is ready to inspect. */
export interface Detector {
  readonly manifest: Manifest;
  readonly isDisposed: boolean;
  /**
   * Inspects one image.
   * @param signal aborted when nobody waits for the result any more
   * @throws SERVER_BUSY if too many are waiting; CANCELLED; TIMED_OUT; WORKER_LOST; QUEUE_UNAVAILABLE; errors of the
   * image and of the rules
   */
  inspect(task: InspectionTask, signal?: AbortSignal): Promise<InspectionResult>;
}

/** What inspects: processes of this machine, or of others. */
export interface Detectors {
  /** @throws BUNDLE_INVALID, BUNDLE_TOO_NEW, OPTION_INVALID for a mask that leaves nothing, WORKER_LOST */
  open(files: DetectorFiles): Promise<Detector>;
  /** Whether inspections can begin at once. */
  isOpen(files: DetectorFiles): boolean;
  /** Inspections that wait, over all models. */
  readonly waiting: number;
  dispose(): Promise<void>;
}
