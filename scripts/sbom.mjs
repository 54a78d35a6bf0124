// Writes the bill of materials of what `npm install bigrid` installs, on all platforms, in CycloneDX format:
// `npm run sbom > bigrid.cdx.json`.

import { makeConsumer, run } from './consumer.mjs';

const { folder, remove } = makeConsumer();
try {
  run('npm', ['install', '--package-lock-only', '--prefer-offline', '--no-audit'], folder);
  const form = ['--sbom-format', 'cyclonedx', '--sbom-type', 'application'];
  const sbom = JSON.parse(run('npm', ['sbom', '--package-lock-only', ...form], folder));
  for (const component of sbom.components) {
    // Remove the temporary paths of our own packages.
    const isPublic = ({ url }) => !url.startsWith('file:');
    component.externalReferences = component.externalReferences?.filter(isPublic);
  }
  console.log(JSON.stringify(sbom, undefined, 2));
} finally {
  remove();
}
