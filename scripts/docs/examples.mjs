// Examples in the pages: what they import from our packages is there. The examples of the READMEs are run by a test.

/** @returns problems: one per name that a package does not export */
export async function missingImports({ path, tokens }) {
  const problems = [];
  for (const { type, lang, text } of tokens) {
    if (type !== 'code' || !['ts', 'js'].includes(lang)) continue;
    for (const [, names, from] of text.matchAll(/import \{([^}]*)\} from '(@bigrid\/[^']+)'/g)) {
      const module = await import(from);
      for (const name of names.split(',').map((part) => part.trim().split(' as ')[0])) {
        if (name !== '' && !name.startsWith('type ') && !(name in module)) {
          problems.push(`${path}: ${from} exports no ${name}`);
        }
      }
    }
  }
  return problems;
}
