import { signal } from '@preact/signals';
import { ApiError } from '../api/client.ts';
import type { ErrorCode } from '../api/types.ts';
import { t } from '../texts/index.ts';

export interface Notice {
  readonly id: number;
  readonly tone: 'done' | 'failed';
  readonly text: string;
  readonly remedy?: string | undefined;
}

/** Lines at the edge of the page, the latest last. */
export const notices = signal<readonly Notice[]>([]);

let count = 0;
/** Milliseconds for which good news stay; errors stay until they are dismissed. */
const STAY = 6000;

export function tell(text: string): void {
  const id = add({ tone: 'done', text });
  setTimeout(() => dismiss(id), STAY);
}

/** Shows what failed and what to do about it, in one line per cause. */
export function tellError(error: unknown): void {
  // The page says so as long as it lasts.
  if (error instanceof ApiError && error.code === 'UNREACHABLE') return;
  const { text, remedy } = wordsOf(error);
  if (notices.value.some((notice) => notice.text === text)) return;
  add({ tone: 'failed', text, remedy });
}

/** What a person is told about an error. */
export function wordsOf(error: unknown): { text: string; remedy?: string } {
  if (!isOfRegistry(error)) return { text: String(error) };
  if (error.code === 'UNREACHABLE') return t.value.errors.unreachable;
  const { byCode, fields, correct } = t.value.errors;
  const own = byCode[error.code as ErrorCode];
  if (!own) return { text: error.message, remedy: error.remedy };
  const field = fields[error.field?.split('.').at(-1) ?? ''];
  const remedy = field === undefined ? own.remedy : correct(field);
  // Only the message says what exactly it is about.
  return { text: own.text, remedy: `${remedy} (${error.message})` };
}

/** Of the server, or of what the page works out by itself. */
function isOfRegistry(
  error: unknown,
): error is Pick<ApiError, 'code' | 'message' | 'remedy'> & { field?: string } {
  return error instanceof Error && 'code' in error && 'remedy' in error;
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

function add(notice: Omit<Notice, 'id'>): number {
  count += 1;
  notices.value = [...notices.value, { ...notice, id: count }];
  return count;
}
