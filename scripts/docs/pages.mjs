// The pages that people read, as Markdown tokens.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Slugger from 'github-slugger';
import { marked } from 'marked';

export const root = join(import.meta.dirname, '../..');

/** Files of the repository, tracked or new, that match one of the patterns of git. */
export const filesOf = (...patterns) =>
  execFileSync(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '-z', '--', ...patterns],
    { cwd: root, encoding: 'utf8' },
  )
    .split('\0')
    .filter((file) => file !== '' && existsSync(join(root, file)));

/** One page: its path below the root, its text and its tokens. */
export const readPage = (path) => pageOf(path, readFileSync(join(root, path), 'utf8'));

export const pageOf = (path, text) => ({ path, text, tokens: allTokens(text) });

function allTokens(text) {
  const tokens = [];
  marked.walkTokens(marked.lexer(text), (token) => void tokens.push(token));
  return tokens;
}

/** The anchors that GitHub gives the headings of a page. */
export function anchorsOf({ tokens }) {
  const slugger = new Slugger();
  return new Set(
    tokens
      .filter(({ type }) => type === 'heading')
      .map(({ tokens: parts }) => slugger.slug(plainText(parts))),
  );
}

/** What is left of a heading without its marks. */
const plainText = (tokens) =>
  tokens.map((token) => (token.tokens ? plainText(token.tokens) : (token.text ?? ''))).join('');
