import { fail, isBigridError } from '@bigrid/errors';
import type { LoggedInspection, Manifest } from '@bigrid/inspect';
import { failToRead } from '../files/files.ts';
import { linesOf, NEWLINE } from '../files/lines.ts';
import { createReadStream } from '../files/system.ts';
import { inUtf8 } from '../files/text.ts';
import { LONGEST_LINE, type LogRecord, parseRecord } from './inspection-log.ts';

/** Unlike the registry's remedy: a log is read here, so a new file would not help. */
const NOT_A_LOG = 'Name a log that Bigrid wrote while inspecting or watching.';

/** A log line with the statistics that `drift` compares. */
export type InspectionRecord = LogRecord & LoggedInspection;

/** The latest inspections with one model. */
export interface ReadLog {
  /** Oldest first. */
  readonly inspections: readonly InspectionRecord[];
  /** Number of inspections with other models. */
  readonly others: number;
  /** Number of lines without a score or statistics: truncated, or of an image that could not be read. */
  readonly skipped: number;
}

/**
 * Reads the latest inspections with a model from a log; only those are kept in memory.
 * @throws PATH_MISSING, PATH_UNREADABLE; LOG_INVALID if there are lines but none is a log line
 */
export async function readLog(path: string, manifest: Manifest, most: number): Promise<ReadLog> {
  const inspections: InspectionRecord[] = [];
  let [others, skipped, records] = [0, 0, 0];
  const tooLong = () =>
    fail(
      'LOG_INVALID',
      `Expected a log of inspections at ${path} but received a line of more than ${LONGEST_LINE} bytes`,
      { remedy: NOT_A_LOG },
    );
  try {
    for await (const { text } of linesOf(
      inUtf8(createReadStream(path)),
      NEWLINE,
      LONGEST_LINE,
      tooLong,
    )) {
      if (text.trim() === '') continue;
      const record = parseRecord(text);
      if (record !== undefined) records++;
      if (record?.score === undefined || record.statistics === undefined) skipped++;
      else if (record.model !== manifest.createdAt) others++;
      else {
        inspections.push(record as InspectionRecord);
        if (inspections.length > 2 * most) inspections.splice(0, inspections.length - most);
      }
    }
  } catch (error) {
    if (isBigridError(error)) throw error;
    return failToRead(path, 'a log of inspections', error);
  }
  if (skipped > 0 && records === 0) {
    fail(
      'LOG_INVALID',
      `Expected a log of inspections at ${path} but received only other lines: ${skipped}`,
      { remedy: NOT_A_LOG },
    );
  }
  return { inspections: inspections.slice(-most), others, skipped };
}
