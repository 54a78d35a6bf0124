import type { AuditLog } from './audit.ts';
import type { ComparisonService } from './comparison.ts';
import type { GroundTruthService } from './ground-truths.ts';
import type { HistoryService } from './history.ts';
import type { ImageService } from './images.ts';
import type { InspectionLog } from './inspections.ts';
import type { JobService } from './jobs.ts';
import type { KeyService } from './keys.ts';
import type { ModelService } from './models.ts';
import type { ProjectService } from './projects.ts';
import type { SampleService } from './sample.ts';
import type { ScoreService } from './scores.ts';
import type { StreamService } from './streams/streams.ts';
import type { UploadService } from './uploads.ts';

/** What the routes stand on. */
export interface Services {
  readonly images: ImageService;
  readonly audit: AuditLog;
  readonly comparisons: ComparisonService;
  readonly groundTruths: GroundTruthService;
  readonly history: HistoryService;
  readonly inspections: InspectionLog;
  readonly jobs: JobService;
  readonly keys: KeyService;
  readonly models: ModelService;
  readonly projects: ProjectService;
  readonly sample: SampleService;
  readonly scores: ScoreService;
  readonly uploads: UploadService;
  readonly streams: StreamService;
}
