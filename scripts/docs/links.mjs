// Links between files of the repository: both the file and the heading must exist.

import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path/posix';
import { anchorsOf, readPage, root } from './pages.mjs';

const external = /^[a-z][a-z+.-]*:/i;

/** Broken relative links, images and paths in inline code. @returns problems */
export function brokenLinks(page) {
  return page.tokens.flatMap((token) => {
    if (token.type === 'codespan') return brokenPath(page, token.text);
    if (token.type !== 'link' && token.type !== 'image') return [];
    if (external.test(token.href)) return [];
    const [path, anchor] = decodeURI(token.href).split('#');
    const file = path === '' ? page.path : normalize(join(dirname(page.path), path));
    const problem = (reason) => [`${page.path}: ${token.href}: ${reason}`];
    const own = file === page.path;
    if (!own && !existsSync(join(root, file))) return problem(`there is no ${file}`);
    if (anchor === undefined) return [];
    const target = own ? page : readPage(file);
    return anchorsOf(target).has(anchor) ? [] : problem(`${file} has no such heading`);
  });
}

/** First folders of paths in the repository; any other path in inline code is an example. */
const ours = /^(packages|docs|scripts|bench|tools|fuzz|examples|\.github|\.ci)\/[\w./-]+$/;

function brokenPath(page, text) {
  if (!ours.test(text) || existsSync(join(root, text))) return [];
  return [`${page.path}: \`${text}\`: there is no such file`];
}
