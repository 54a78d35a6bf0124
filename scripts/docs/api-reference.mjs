// The reference of @bigrid/node, from its types and the comments on them.

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Application } from 'typedoc';
import ts from 'typescript';
import { root } from './pages.mjs';

const entry = join(root, 'packages/node/dist/index.d.ts');
const compilerOptions = {
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  target: ts.ScriptTarget.ES2024,
  lib: ['lib.es2024.d.ts', 'lib.esnext.disposable.d.ts'],
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: true,
  types: ['node'],
};

/**
 * The generated part of the page about the API.
 * @throws if an option has no comment, or does not accept `undefined`
 */
export async function apiParts() {
  const problems = incompleteOptions();
  if (problems.length > 0) throw new Error(`In the public API:\n${problems.join('\n')}`);
  // The checks run where the system's temporary folder may be read-only, but the checkout never is.
  const parent = join(root, '.bigrid');
  mkdirSync(parent, { recursive: true });
  const out = mkdtempSync(join(parent, 'api-'));
  try {
    const app = await Application.bootstrapWithPlugins({
      entryPoints: [entry],
      tsconfig: join(root, 'scripts/docs/tsconfig.json'),
      plugin: ['typedoc-plugin-markdown'],
      readme: 'none',
      disableSources: true,
      logLevel: 'Error',
      sort: ['alphabetical'],
      groupOrder: ['Functions', 'Classes', 'Interfaces', 'Type Aliases', 'Variables'],
      excludeExternals: true,
      excludePrivate: true,
      out,
      outputFileStrategy: 'modules',
      useHTMLAnchors: true,
      hidePageHeader: true,
      hideBreadcrumbs: true,
      parametersFormat: 'table',
      interfacePropertiesFormat: 'table',
      classPropertiesFormat: 'table',
      typeDeclarationFormat: 'table',
      propertyMembersFormat: 'table',
      tableColumnSettings: { hideInherited: true, hideModifiers: true, hideOverrides: true },
    });
    const project = await app.convert();
    if (!project) throw new Error('Expected types of @bigrid/node that typedoc reads');
    await app.generateOutputs(project);
    const page = readFileSync(join(out, 'README.md'), 'utf8');
    return { api: page.replace(/^# .*\n/, '').trim() };
  } finally {
    rmSync(out, { recursive: true });
  }
}

/** Options without a comment, or that programs with exactOptionalPropertyTypes cannot pass on. */
function incompleteOptions() {
  const program = ts.createProgram([entry], compilerOptions);
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(entry));
  const problems = [];
  for (const exported of checker.getExportsOfModule(module)) {
    const symbol =
      exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    if (!/(Options|Request|Rules|RawFrame|BackboneFile)$/.test(symbol.name)) continue;
    for (const property of checker.getDeclaredTypeOfSymbol(symbol).getProperties()) {
      const name = `${symbol.name}.${property.name}`;
      const type = checker.getTypeOfSymbol(property);
      const parts = type.isUnion() ? type.types : [type];
      const isOptional = (property.flags & ts.SymbolFlags.Optional) !== 0;
      if (isOptional && !parts.some(({ flags }) => flags & ts.TypeFlags.Undefined))
        problems.push(`${name} does not accept undefined`);
      if (property.getDocumentationComment(checker).length === 0)
        problems.push(`${name} has no comment`);
    }
  }
  return problems;
}
