// Fails if a page is wrong (a broken link or path, a command line that the program refuses, a version, name or size that
// the code contradicts), or uses words that we avoid.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { refusedCommandLines } from './docs/command-lines.mjs';
import { missingImports } from './docs/examples.mjs';
import { contradictedFacts } from './docs/facts.mjs';
import { brokenLinks } from './docs/links.mjs';
import { filesOf, readPage, root } from './docs/pages.mjs';
import { avoidedWords } from './docs/words.mjs';

const pages = filesOf('**/*.md', '.github/**/*.md').map(readPage);
const sources = filesOf(
  'packages/*/{src,testing}/**/*.ts',
  '{bench,examples,fuzz,scripts,tools}/**/*.{ts,mjs,py}',
  '.changeset/*.md',
).filter((path) => !/^scripts\/docs\/(words|checks\.test)\.mjs$/.test(path));
const problems = await contradictedFacts(pages);
for (const page of pages) {
  problems.push(
    ...brokenLinks(page),
    ...(await refusedCommandLines(page)),
    ...(await missingImports(page)),
    ...avoidedWords(page),
  );
}
for (const path of sources) {
  problems.push(...avoidedWords({ path, text: readFileSync(join(root, path), 'utf8') }));
}
if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}
console.log(`Docs: ${pages.length} pages and ${sources.length} sources, no problems.`);
