import { createHash } from 'node:crypto';
import { type ScriptName, type StyleName, scriptText, styleText } from './client-files.ts';
import { type Html, html, markup } from './html.ts';

/** What a page has of the folder `client`. */
export interface PageParts {
  /** Beside those that every page has. */
  readonly styles?: readonly StyleName[];
  readonly scripts: readonly ScriptName[];
}

/** The head of a page that needs no other file. The page has to end with {@link pageScripts} of the same parts. */
export function pageHead(title: string, { styles = [], scripts }: PageParts): Html {
  return html`<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentPolicy(scripts)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${markup(styleText(styles))}</style>
</head>`;
}

export function pageScripts({ scripts }: PageParts): Html {
  return html`${scripts.map((name) => html`<script type="module">${markup(scriptText(name))}</script>`)}`;
}

/** Nothing is fetched, and no script but the page's own runs, whatever a file or class is called. */
function contentPolicy(scripts: readonly ScriptName[]): string {
  const hashes = scripts.map(
    (name) => `'sha256-${createHash('sha256').update(scriptText(name)).digest('base64')}'`,
  );
  return [
    "default-src 'none'",
    'img-src data:',
    "style-src 'unsafe-inline'",
    ...(hashes.length > 0 ? [`script-src ${hashes.join(' ')}`] : []),
  ].join('; ');
}
