import { createHash } from 'node:crypto';
import { type ScriptName, type StyleName, scriptText, styleText } from './client-files.ts';
import { type Html, html, markup } from './html.ts';

/** The files of the folder `client` that a page includes. */
export interface PageParts {
  /** In addition to the common styles. */
  readonly styles?: readonly StyleName[];
  readonly scripts: readonly ScriptName[];
}

/** The head of a self-contained page, which must end with {@link pageScripts} for the same parts. */
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

/** Fetches nothing and runs no script but the page's own, whatever the names of files and classes contain. */
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
