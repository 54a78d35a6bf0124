const cell = (value) => String(value).replaceAll('|', '\\|').replaceAll('\n', ' ');

/** A table in Markdown, whatever is in its cells. */
export function table(head, rows) {
  return [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map(cell).join(' | ')} |`)
    .join('\n');
}
