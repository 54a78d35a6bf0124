import { checkConnection } from './connection.ts';
import type { ErrorBody } from './types.ts';

/** A response that is an error, as the registry of the server describes it. */
export class ApiError extends Error {
  /** Stable code; `UNREACHABLE` where no response came. */
  readonly code: string;
  /** HTTP status; 0 where no response came. */
  readonly status: number;
  readonly remedy: string;
  /** The part of the request that it is about, such as `body.options.size`. */
  readonly field: string | undefined;

  constructor(status: number, { error, code, remedy, field }: ErrorBody) {
    super(error);
    this.status = status;
    this.code = code;
    this.remedy = remedy;
    this.field = field;
  }
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface RequestOptions {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly query?: Query | undefined;
  /** Sent as JSON, unless it is bytes. */
  readonly body?: unknown;
  readonly accept?: string;
  /** Further ones. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** A path with its query, relative to the page, which may be served below a path of a proxy. */
export function urlOf(path: string, query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** @throws ApiError; DOMException if the signal is aborted */
export async function send(path: string, options: RequestOptions = {}): Promise<Response> {
  const { method = 'GET', query, body, accept = 'application/json', headers, signal } = options;
  const isJson = body !== undefined && !(body instanceof Blob);
  const response = await fetch(urlOf(path, query), {
    method,
    headers: { accept, ...(isJson ? { 'content-type': 'application/json' } : {}), ...headers },
    ...(body === undefined ? {} : { body: isJson ? JSON.stringify(body) : (body as Blob) }),
    ...(signal ? { signal } : {}),
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw unreachable();
  });
  if (!response.ok) throw errorOf(response, await response.json().catch(() => undefined));
  return response;
}

/** The JSON of a response; undefined if it has no content. @throws ApiError */
export async function request<T>(path: string, options?: RequestOptions): Promise<T> {
  const response = await send(path, options);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

/** For a request that no response came to. */
export function unreachable(): ApiError {
  checkConnection();
  return new ApiError(0, { code: 'UNREACHABLE', error: '', remedy: '' });
}

/** The error that a response describes. @param body its JSON, if any; a proxy may have sent it, in another shape */
export function errorOf(
  { status, statusText }: Pick<Response, 'status' | 'statusText'>,
  body: unknown,
): ApiError {
  const known = (body ?? {}) as Partial<ErrorBody>;
  const { error = statusText, code = 'HTTP_ERROR', remedy = '' } = known;
  return new ApiError(status, { ...known, error, code, remedy });
}
