import { errorOf, type Query, unreachable, urlOf } from './client.ts';

export interface UploadOptions {
  readonly query?: Query;
  /** Called with the bytes that are sent, as they are. */
  readonly onProgress?: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Sends a file, or several, as the body of a request; `fetch` would not tell how far it is.
 * @returns the JSON of the response
 * @throws ApiError; the reason of the signal if it is aborted
 */
export function upload<T>(path: string, body: Blob | FormData, options: UploadOptions): Promise<T> {
  const { query, onProgress, signal } = options;
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  if (signal.aborted) return Promise.reject(signal.reason);
  const request = new XMLHttpRequest();
  request.open('POST', urlOf(path, query));
  request.responseType = 'json';
  request.setRequestHeader('accept', 'application/json');
  // The server tells images and archives by their bytes.
  if (body instanceof Blob) request.setRequestHeader('content-type', 'application/octet-stream');
  request.upload.onprogress = ({ loaded }) => onProgress?.(loaded);
  request.onload = () => {
    if (request.status < 400) resolve(request.response as T);
    else reject(errorOf(request, request.response));
  };
  request.onerror = () => reject(unreachable());
  request.onabort = () => reject(signal.reason);
  const abort = () => request.abort();
  signal.addEventListener('abort', abort, { once: true });
  request.onloadend = () => signal.removeEventListener('abort', abort);
  request.send(body);
  return promise;
}
