import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const root = import.meta.dirname;

const packages = ['errors', 'graph', 'method', 'inspect', 'node', 'report', 'cli'];

/** Links the packages as npm does, so that imports of them resolve in the tree, wherever it is. */
function linkPackages(folder: string): void {
  mkdirSync(join(folder, 'node_modules/@bigrid'), { recursive: true });
  for (const name of packages) {
    const own = join(folder, 'packages', name);
    mkdirSync(join(own, 'dist'), { recursive: true });
    writeFileSync(join(own, 'package.json'), '{ "main": "dist/index.js" }');
    writeFileSync(join(own, 'dist/index.js'), 'exports.a = 1;');
    const link = name === 'cli' ? 'bigrid' : `@bigrid/${name}`;
    symlinkSync(own, join(folder, 'node_modules', link), 'junction');
  }
}

/** The rules that a tree of sources breaks, each with the file that breaks it. */
function violationsIn(files: Readonly<Record<string, string>>): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'bigrid-layers-'));
  try {
    linkPackages(folder);
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const tool = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
    const rules = join(root, '.dependency-cruiser.mjs');
    const { stdout, stderr } = spawnSync(
      process.execPath,
      [tool, '--config', rules, '--output-type', 'json', 'packages'],
      { cwd: folder, encoding: 'utf8' },
    );
    expect(stderr).toBe('');
    const violations: { rule: { name: string }; from: string }[] =
      JSON.parse(stdout).summary.violations;
    return violations.map(({ rule, from }) => `${rule.name}: ${from}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const uses = (from: string) => `import { a } from '${from}';\nexport const b = a;\n`;
const names = (from: string) => `import type { a } from '${from}';\nexport type B = typeof a;\n`;
const leaf = 'export const a = 1;\n';
const library = {
  'node_modules/sharp/package.json': '{ "name": "sharp", "main": "index.js" }',
  'node_modules/sharp/index.js': 'exports.a = 1;',
};

test('an import that breaks a rule is reported: of a value, of a type, dynamic, re-exported', () => {
  const found = violationsIn({
    ...library,
    'packages/errors/src/core.ts': uses('process'),
    'packages/errors/src/elsewhere.ts': uses('../../graph/src/leaf.ts'),
    'packages/graph/src/leaf.ts': leaf,
    'packages/graph/src/passed-on.ts': "export * from '@bigrid/method';\n",
    'packages/method/src/dynamic.ts': "export const a = import('bigrid');\n",
    'packages/method/src/circle.ts': uses('./half.ts'),
    'packages/method/src/half.ts': "import { b } from './circle.ts';\nexport const a = () => b;\n",
    'packages/inspect/src/value.ts': uses('@bigrid/node'),
    'packages/inspect/src/type.ts': names('@bigrid/node'),
    'packages/inspect/src/core.ts': uses('node:fs'),
    'packages/inspect/src/library.ts': uses('sharp'),
    'packages/inspect/src/training/leaf.ts': leaf,
    'packages/inspect/src/metrics/upward.ts': uses('../training/leaf.ts'),
    'packages/node/src/watching/leaf.ts': leaf,
    'packages/node/src/datasets/beside.ts': names('../watching/leaf.ts'),
    'packages/node/src/page.ts': uses('@bigrid/report'),
    'packages/report/src/images.ts': names('@bigrid/node'),
    'packages/cli/testing/leaf.ts': leaf,
    'packages/cli/src/outside.ts': uses('../testing/leaf.ts'),
  });
  expect(new Set(found)).toEqual(
    new Set([
      'pure-core: packages/errors/src/core.ts',
      'layer-errors: packages/errors/src/elsewhere.ts',
      'layer-graph: packages/graph/src/passed-on.ts',
      'layer-method: packages/method/src/dynamic.ts',
      'no-circles: packages/method/src/circle.ts',
      'layer-inspect: packages/inspect/src/value.ts',
      'layer-inspect: packages/inspect/src/type.ts',
      'pure-core: packages/inspect/src/core.ts',
      'only-there-sharp: packages/inspect/src/library.ts',
      'room-inspect-metrics: packages/inspect/src/metrics/upward.ts',
      'room-node-datasets: packages/node/src/datasets/beside.ts',
      'layer-node: packages/node/src/page.ts',
      'layer-report: packages/report/src/images.ts',
      'layer-cli: packages/cli/src/outside.ts',
    ]),
  );
});

test('imports that point down, and type imports in a circle, break no rule', () => {
  expect(
    violationsIn({
      ...library,
      'packages/inspect/src/training/downward.ts': uses('../metrics/leaf.ts'),
      'packages/inspect/src/metrics/leaf.ts': leaf,
      'packages/inspect/src/here.ts': `${names('./there.ts')}export const c = 1;\n`,
      'packages/inspect/src/there.ts': "import { c } from './here.ts';\nexport const a = c;\n",
      'packages/inspect/src/x.test.ts': uses('node:fs'),
      'packages/node/src/core.ts': uses('node:fs'),
      'packages/node/src/library.ts': uses('sharp'),
    }),
  ).toEqual([]);
});
