// The documentation pages, as Markdown tokens.

import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import Slugger from 'github-slugger';
import { marked } from 'marked';

export const root = join(import.meta.dirname, '../..');

/** Folders of dependencies and generated files. */
const foreign = new Set(['node_modules', 'dist', '.git', '.bigrid', '.venv', 'bigrid-demo']);

/** Files of the working tree that match one of the patterns, sorted; does not need git. */
export const filesOf = (...patterns) =>
  globSync(patterns, { cwd: root, exclude: (path) => foreign.has(basename(path)) })
    .map((path) => path.replaceAll('\\', '/'))
    .sort();

/** One page: its path below the root, its text and its tokens. */
export const readPage = (path) => pageOf(path, readFileSync(join(root, path), 'utf8'));

export const pageOf = (path, text) => ({ path, text, tokens: allTokens(text) });

function allTokens(text) {
  const tokens = [];
  marked.walkTokens(marked.lexer(text), (token) => void tokens.push(token));
  return tokens;
}

/** The anchors that GitHub gives the headings of a page, and those in its HTML. */
export function anchorsOf({ text, tokens }) {
  const slugger = new Slugger();
  const headings = tokens
    .filter(({ type }) => type === 'heading')
    .map(({ tokens: parts }) => slugger.slug(plainText(parts)));
  const stated = [...text.matchAll(/<a id="([^"]*)"><\/a>/g)].map(([, id]) => id);
  return new Set([...headings, ...stated]);
}

/** The text of a heading without markup. */
const plainText = (tokens) =>
  tokens.map((token) => (token.tokens ? plainText(token.tokens) : (token.text ?? ''))).join('');
