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
 * Builds markup from a template. What is put in is escaped for text and for attributes in quotes, whatever it
 * holds; markup, lists of it, and nothing (`undefined`, `false`) are taken as they are.
 */
export function html(strings: TemplateStringsArray, ...values: readonly Fragment[]): Html {
  return new Html(strings.reduce((text, part, index) => text + render(values[index - 1]) + part));
}

/** Takes text for markup. Only for text that holds nothing of the user's. */
export function markup(text: string): Html {
  return new Html(text);
}

/** A name or path that may be broken over lines behind its separators, not within a word. */
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

/** A byte of a name that is no UTF-8 (`decodeName`) is written out as in JSON: a page has no other way to show it. */
function escapeHtml(text: string): string {
  return text.replaceAll(
    /[&<>"'\udc80-\udcff]/gu,
    (character) => entities[character] ?? `\\u${character.charCodeAt(0).toString(16)}`,
  );
}
