export { describeMove, measureWords, renderDrift, type ShownDrift } from './drift-page.ts';
export { InspectionReport, type InspectionReportOptions } from './inspection-report.ts';
export { Report, type ReportOptions } from './report.ts';
export { type Counts, countOutcomes, unsureOf } from './summary.ts';
export type { DrawOptions, DrawThumbnail, ImagePair } from './thumbnail.ts';
