// Fails if a package in the lock file has a licence that was not reviewed. The lock file covers all platforms, and so more
// packages than node_modules.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** May be used and distributed by anyone who keeps the notice. */
const allowed = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'ISC',
  'MIT',
]);

/** Have their own conditions: docs/explanation/supply-chain.md says how they are met. */
const exceptions = [
  { licence: 'LGPL-3.0-or-later', packages: /^@img\/sharp-/ },
  // Parses arguments for markdown-it, a dependency of typedoc, which writes the API reference.
  { licence: 'Python-2.0', packages: /^argparse$/, development: true },
  // Used by Vitest, and by Vite, which compiles the styles of the studio with it.
  { licence: 'MPL-2.0', packages: /^lightningcss/, development: true },
  // In the public domain; used by node-opcua-client, which is optional and in no published package.
  { licence: 'Unlicense', packages: /^tweetnacl$/, development: true },
  // Used by node-opcua-client as well; its README says MIT, its package.json says nothing.
  { licence: '', packages: /^precond$/, development: true },
  // Used only in tests, to find faults of accessibility.
  { licence: 'MPL-2.0', packages: /^axe-core$/, development: true },
];

const lock = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'package-lock.json'), 'utf8'));
const problems = [];
let count = 0;

for (const [path, { license, link, dev = false }] of Object.entries(lock.packages)) {
  const name = path.split('node_modules/').at(-1);
  if (!path.includes('node_modules/') || link) continue;
  count++;
  if (!isAllowed(license, name, dev)) problems.push(`${name} is under ${license ?? 'no licence'}`);
}

/** SPDX expressions: one of several parts joined by OR is enough. */
function isAllowed(expression = '', name, dev) {
  const parts = expression.replaceAll(/[()]/g, '');
  return parts
    .split(' OR ')
    .some((choice) =>
      choice
        .split(' AND ')
        .every(
          (licence) =>
            allowed.has(licence) ||
            exceptions.some(
              ({ licence: other, packages, development = false }) =>
                licence === other && packages.test(name) && (dev || !development),
            ),
        ),
    );
}

if (problems.length > 0) {
  console.error(`${problems.join('\n')}\nscripts/check-licences.mjs lists the allowed licences.`);
  process.exit(1);
}
console.log(`Licences: ${count} packages, all allowed.`);
