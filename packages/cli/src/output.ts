import { randomInt } from 'node:crypto';
import { fstatSync, writeSync } from 'node:fs';
import { styleText } from 'node:util';
import Table from 'cli-table3';
import { fitted } from './narrow.ts';

type Format = Parameters<typeof styleText>[0];

/** Our own colour codes carry this random number, which no file name can contain on purpose. */
const OURS = randomInt(1e9, 1e10);
const ESCAPE = '\u001b[';
const ourCode = `\\u001b\\[(?:${OURS};)+([0-9;]+m)`;
/**
 * Control characters except newline and tab; bytes of names that are not valid UTF-8; characters that change the
 * direction of text.
 */
const control = '(?![\\n\\t])[\\p{Cc}\\udc80-\\udcff\\u202a-\\u202e\\u2066-\\u2069]';
const special = new RegExp(`${ourCode}|${control}`, 'gu');

/** Colours a text if the stream is a terminal and NO_COLOR is not set. */
export function paint(
  format: Format,
  text: string,
  stream: NodeJS.WriteStream = process.stdout,
): string {
  const [before = '', after = ''] = styleText(format, '|', { stream }).split('|');
  const ours = (codes: string) => codes.replaceAll(ESCAPE, `${ESCAPE}${OURS};`);
  return `${ours(before)}${text}${ours(after)}`;
}

/**
 * A text that is safe to print: keeps the colours of {@link paint} and escapes, as `\u001b`, all other characters
 * that a terminal would interpret. They come from file names or from file contents.
 */
export function printable(text: string): string {
  return text.replaceAll(special, (character, ourCode?: string) =>
    ourCode === undefined ? writtenOut(character) : `${ESCAPE}${ourCode}`,
  );
}

/**
 * The same with line breaks escaped too, for a table or a line of results. Colours are kept in the form that
 * {@link printable} recognises.
 */
export function onOneLine(text: string): string {
  return text
    .replaceAll(special, (code, ourCode?: string) =>
      ourCode === undefined ? writtenOut(code) : code,
    )
    .replaceAll('\n', writtenOut);
}

/** Escaped as in JSON. */
function writtenOut(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/**
 * Writes to standard output or standard error: all output of the command line passes through here.
 * @returns false if the reader cannot take more until the stream emits `drain`
 */
export function write(
  stream: typeof process.stdout | typeof process.stderr,
  text: string,
): boolean {
  const content = printable(text);
  if (!fstatSync(stream.fd).isFile()) return stream.write(content);
  // If the disk has room for only a part, the stream would take that for the whole.
  try {
    const bytes = Buffer.from(content);
    for (let done = 0; done < bytes.length; ) done += writeSync(stream.fd, bytes, done);
  } catch (error) {
    stream.emit('error', error);
  }
  return true;
}

/** Writes a result: lines on standard output. */
export function print(...lines: string[]): void {
  write(process.stdout, lines.map((line) => `${line}\n`).join(''));
}

/** Writes messages that are not results: lines on standard error. */
export function say(...lines: string[]): void {
  write(process.stderr, lines.map((line) => `${forStream(process.stderr, line)}\n`).join(''));
}

/** A text wrapped at word boundaries if the stream is a terminal. */
export function forStream(stream: NodeJS.WriteStream, text: string): string {
  return stream.isTTY && stream.columns > 0 ? fitted(text, stream.columns) : text;
}

export interface Column {
  readonly head: string;
  readonly align?: 'left' | 'right';
}

/** Columns separated by two spaces, without borders: easy to read, and to parse by other programs. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const nothing = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };
  const edges = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '' };
  const bottom = { bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' };
  const drawn = new Table({
    chars: { ...nothing, ...edges, ...bottom, left: '', right: '', middle: '  ' },
    // The library's own colours respect neither NO_COLOR nor pipes.
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: columns.map(({ align }) => align ?? 'left'),
  });
  drawn.push(
    columns.map(({ head }) =>
      head
        .split('\n')
        .map((line) => paint('bold', line))
        .join('\n'),
    ),
    ...rows.map((row) => row.map(onOneLine)),
  );
  return drawn
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** One name and value per line, with values aligned; a multi-line value stays in its column. */
export function facts(entries: readonly (readonly [string, string])[]): string {
  const width = Math.max(...entries.map(([name]) => name.length));
  return entries
    .map(([name, value]) => {
      const [first = '', ...more] = value.split('\n');
      const head = `  ${paint('bold', name.padEnd(width))}  ${first}`;
      return [head, ...more.map((line) => `  ${' '.repeat(width)}  ${line}`)].join('\n');
    })
    .join('\n');
}

/** Shortens a text in the middle, so that both the folder and the file of a path stay visible. */
export function shorten(text: string, width: number): string {
  const letters = [...text];
  if (letters.length <= width) return text;
  const kept = Math.max(2, width - 1);
  const tail = Math.ceil(kept * 0.65);
  return `${letters.slice(0, kept - tail).join('')}…${letters.slice(-tail).join('')}`;
}

/** A score with as many decimals as the threshold needs for three significant digits. */
export function formatScore(score: number, threshold: number): string {
  const small = threshold > 0 ? -Math.floor(Math.log10(threshold)) : 0;
  return score.toFixed(Math.min(12, Math.max(3, small + 2)));
}

/** Seconds as `m:ss` or `h:mm:ss`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(whole % 60)}`
    : `${minutes}:${two(whole % 60)}`;
}

export function formatBytes(bytes: number): string {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** A path as a shell takes it. */
export function shellQuoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
