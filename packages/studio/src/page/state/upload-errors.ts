import { ApiError } from '../api/client.ts';
import { t } from '../texts/index.ts';

/** Of errors of a file, which do not concern the others. */
const codesOfOneFile: ReadonlySet<string> = new Set([
  'IMAGE_UNREADABLE',
  'IMAGE_TOO_LARGE',
  'REQUEST_TOO_LARGE',
  'REQUEST_INVALID',
  'MASK_MISMATCH',
]);

const passingStatus: ReadonlySet<number> = new Set([0, 408, 429, 502, 503, 504]);

export function isOfOneFile({ code }: ApiError): boolean {
  return codesOfOneFile.has(code);
}

/** Whether the server, or the way to it, will be back. */
export function isPassing({ status, code }: ApiError): boolean {
  return passingStatus.has(status) || code === 'STORE_BUSY' || code === 'WORKER_LOST';
}

export function fileGone(): ApiError {
  const { fileGone: error, fileGoneRemedy: remedy } = t.value.upload;
  return new ApiError(0, { code: 'FILE_UNREADABLE', error, remedy });
}
