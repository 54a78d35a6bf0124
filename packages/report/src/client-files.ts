import { readFileSync } from 'node:fs';

/** Files of the folder `client`, which pages take in: as they are, and as the compiler leaves them. */
const source = new URL('../src/client/', import.meta.url);
const compiled = new URL('../dist/client/', import.meta.url);

const commonStyles = ['page', 'tables', 'images', 'charts', 'media'] as const;

export type StyleName = 'drift';
export type ScriptName = 'explorer' | 'viewer';

/** The styles of every page, and after them those of this one. */
export function styleText(own: readonly StyleName[]): string {
  const texts = [...commonStyles, ...own].map((name) =>
    readFileSync(new URL(`${name}.css`, source), 'utf8'),
  );
  return texts.join('\n');
}

/** A module with those that it imports in front of it: a page is one file. */
export function scriptText(name: ScriptName): string {
  return withImports(name);
}

function withImports(name: string): string {
  const text = readFileSync(new URL(`${name}.js`, compiled), 'utf8');
  return text.replaceAll(/^import .* from ['"]\.\/(\w+)\.js['"];$/gm, (_, imported) =>
    withImports(imported),
  );
}
