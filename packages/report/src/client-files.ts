import { readFileSync } from 'node:fs';

/** The folder `client`: its styles are read as they are, its scripts as compiled. */
const source = new URL('../src/client/', import.meta.url);
const compiled = new URL('../dist/client/', import.meta.url);

const commonStyles = ['page', 'tables', 'images', 'charts', 'media'] as const;

export type StyleName = 'drift';
export type ScriptName = 'explorer' | 'viewer';

/** The common styles, followed by the page's own. */
export function styleText(own: readonly StyleName[]): string {
  const texts = [...commonStyles, ...own].map((name) =>
    readFileSync(new URL(`${name}.css`, source), 'utf8'),
  );
  return texts.join('\n');
}

/** The code of a module with its imports inlined, because a page is a single file. */
export function scriptText(name: ScriptName): string {
  return withImports(name);
}

function withImports(name: string): string {
  const text = readFileSync(new URL(`${name}.js`, compiled), 'utf8');
  return text.replaceAll(/^import .* from ['"]\.\/(\w+)\.js['"];$/gm, (_, imported) =>
    withImports(imported),
  );
}
