// What the routes send and receive, for programs that talk to the server: types alone.

export type { ErrorCode } from '@bigrid/errors';
export type { ErrorBody } from './plugins/errors.ts';
export type { Comparison } from './routes/comparison.ts';
export type { Example } from './routes/examples.ts';
export type { Drift, History } from './routes/history.ts';
export type { Image, ImagePage, UploadedImages } from './routes/images.ts';
export type { InspectionResult } from './routes/inspection-result.ts';
export type { InspectionPage } from './routes/inspections.ts';
export type { Job } from './routes/jobs.ts';
export type { DetailedModelVersion, ModelVersion } from './routes/models.ts';
export type { Project } from './routes/projects.ts';
export type { Scores } from './routes/scores.ts';
export type { Stream } from './routes/streams.ts';
export type { JobRequest } from './services/job-requests.ts';
export type { StreamInspection } from './services/streams/live-view.ts';
