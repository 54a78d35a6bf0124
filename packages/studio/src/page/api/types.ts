export type {
  DetailedModelVersion,
  ErrorBody,
  Image,
  ImagePage,
  InspectionResult,
  Job,
  JobRequest,
  ModelVersion,
  Project,
  Stream,
  UploadedImages,
} from '@bigrid/server';
