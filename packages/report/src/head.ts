import { type Html, html, markup } from './html.ts';
import { styles } from './styles.ts';

/**
 * The head of a page that needs nothing beside it.
 * @param policy what the page may load and run: its Content-Security-Policy
 * @param ownStyles CSS of this page alone
 */
export function pageHead(title: string, policy: string, ownStyles = ''): Html {
  return html`<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${markup(styles)}${markup(ownStyles)}</style>
</head>`;
}
