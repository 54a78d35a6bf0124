/** With less room than this, a second column goes below the first. */
const LEAST_ROOM = 24;
/** Indentation of what goes below. */
const STEP = 4;

/**
 * Wraps text at word boundaries, which a terminal would not do. Paragraphs are reflowed, and second columns keep their
 * place. Words longer than a line stay whole, and so do commands, which are there to be copied.
 * @param width in characters
 */
export function fitted(text: string, width: number): string {
  const lines: string[] = [];
  let paragraph: string[] = [];
  const endParagraph = () => {
    const isTooWide = paragraph.some((line) => visibleLength(line) > width);
    lines.push(...(isTooWide ? filled(paragraph.join(' '), width, 0) : paragraph));
    paragraph = [];
  };
  for (const line of text.split('\n')) {
    if (/^\S/.test(line) && !isCommand(line)) paragraph.push(line);
    else {
      endParagraph();
      lines.push(...(visibleLength(line) > width ? brokenUp(line, width) : [line]));
    }
  }
  endParagraph();
  return lines.join('\n');
}

function brokenUp(line: string, width: number): string[] {
  const indent = line.length - line.trimStart().length;
  const [, first, gap, second] = /^(\s*\S.*?)(\s{2,})(\S.*)$/.exec(line) ?? [];
  if (first === undefined || gap === undefined || second === undefined) {
    return isCommand(line) ? [line] : filled(line, width, indent);
  }
  const column = visibleLength(first) + gap.length;
  if (!isCommand(line) && width - column >= LEAST_ROOM) return filled(line, width, column);
  return [first, ...filled(`${' '.repeat(indent + STEP)}${second}`, width, indent + STEP)];
}

/** A line wrapped at word boundaries; all but the first part are indented. */
function filled(line: string, width: number, indent: number): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(/(?<=\S) /)) {
    if (current === '') current = word;
    else if (visibleLength(current) + 1 + visibleLength(word) <= width) current += ` ${word}`;
    else {
      lines.push(current);
      current = ' '.repeat(indent) + word.trimStart();
    }
  }
  return [...lines, current];
}

function isCommand(line: string): boolean {
  return /^\s*(\$|npx bigrid|bigrid) /.test(line);
}

/** Without colour codes. */
function visibleLength(line: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape codes are what is left out
  return line.replaceAll(/\u001b\[[\d;]*m/g, '').length;
}
