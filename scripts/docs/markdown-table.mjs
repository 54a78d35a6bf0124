const cell = (value) => String(value).replaceAll('|', '\\|').replaceAll('\n', ' ');

/** A Markdown table; cells are escaped. */
export function table(head, rows) {
  return [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map(cell).join(' | ')} |`)
    .join('\n');
}
