// Writes the bill of materials of what `npm install bigrid` brings, on all platforms, in the format of CycloneDX:
// `npm run sbom > bigrid.cdx.json`.

import { makeConsumer, run } from './consumer.mjs';

const { folder, remove } = makeConsumer();
try {
  run('npm', ['install', '--package-lock-only', '--prefer-offline', '--no-audit'], folder);
  const form = ['--sbom-format', 'cyclonedx', '--sbom-type', 'application'];
  process.stdout.write(run('npm', ['sbom', '--package-lock-only', ...form], folder));
} finally {
  remove();
}
