/** Markup that is safe to put on a page: made by {@link html} or vouched for by {@link markup}. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

type Fragment = Html | string | number | undefined | false | readonly Fragment[];

/**
 * Builds markup from a template. Values are escaped for text and for quoted attributes; {@link Html} and lists of it are
 * inserted unescaped, `undefined` and `false` as nothing.
 */
export function html(strings: TemplateStringsArray, ...values: readonly Fragment[]): Html {
  return new Html(strings.reduce((text, part, index) => text + render(values[index - 1]) + part));
}

/** Marks text as markup. Never use it for text that contains user input. */
export function markup(text: string): Html {
  return new Html(text);
}

/** A name or path that may wrap after its separators, but not within a word. */
export function breakable(name: string): Html {
  return html`${name.split(/(?<=[/\\_.-])/).map((part, index) => html`${index > 0 && markup('<wbr>')}${part}`)}`;
}

/** Data for a `<script type="application/json">`: no text in it can end the element. */
export function jsonFor(data: unknown): Html {
  return new Html(JSON.stringify(data).replaceAll('<', '\\u003c'));
}

function render(value: Fragment): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map(render).join('');
  return escapeHtml(String(value));
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Bytes of names that are not valid UTF-8 (`decodeName`) are written as JSON escapes: HTML cannot represent them. */
function escapeHtml(text: string): string {
  return text.replaceAll(
    /[&<>"'\udc80-\udcff]/gu,
    (character) => entities[character] ?? `\\u${character.charCodeAt(0).toString(16)}`,
  );
}
