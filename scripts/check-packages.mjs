// Installs the packages as published into an empty folder, runs the demo and the README's API example there, and checks
// its types. Fails if any of these fails, or if a package lacks files or has too many.

import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { exampleOf, makeConsumer, root, run } from './consumer.mjs';

/** Limit for all packed files together: the weights of the backbone are 11 MB of them. */
const MOST_MEGABYTES = 13;
const WEIGHTS = 'assets/efficientnet_lite0.safetensors';

const started = performance.now();
function done(what) {
  console.log(`${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s  ${what}`);
}

function checkContents({ name, files, size }) {
  const paths = files.map(({ path }) => path);
  const needed = ['LICENSE', 'README.md', 'package.json'];
  needed.push(...(name === 'bigrid' ? ['bin/bigrid.js', 'dist/main.js'] : ['dist/index.d.ts']));
  if (name === '@bigrid/method') needed.push(WEIGHTS, 'assets/NOTICE');
  for (const path of needed) assert(paths.includes(path), `${name} has no ${path}`);
  const stray = paths.filter((path) => /\.test\.|goldens|testing|tsbuildinfo/.test(path));
  assert.deepEqual(stray, [], `${name} has unnecessary files`);
  console.log(`        ${name}: ${paths.length} files, ${(size / 1024).toFixed(0)} KB packed`);
}

function checkTypes(folder) {
  for (const module of ['nodenext', 'preserve']) {
    const compilerOptions = {
      module,
      moduleResolution: module === 'nodenext' ? 'nodenext' : 'bundler',
      target: 'es2024',
      lib: ['es2024', 'esnext.disposable'],
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      types: ['node'],
      noEmit: true,
    };
    const config = join(folder, 'tsconfig.json');
    writeFileSync(config, JSON.stringify({ compilerOptions, include: ['*.ts'] }));
    run(
      process.execPath,
      [join(root, 'node_modules/@typescript/native/bin/tsc'), '-p', config],
      folder,
    );
    done(`types hold under ${compilerOptions.moduleResolution}`);
  }
}

const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const { folder, packages, remove } = makeConsumer({
  '@types/node': devDependencies['@types/node'],
});
try {
  for (const packed of packages) checkContents(packed);
  const megabytes = packages.reduce((sum, { size }) => sum + size, 0) / 2 ** 20;
  assert(megabytes < MOST_MEGABYTES, `${megabytes.toFixed(1)} MB packed`);
  done(`packed, ${megabytes.toFixed(1)} MB`);

  for (const { name, tarball } of packages) {
    const { buffer } = new Uint8Array(readFileSync(tarball));
    const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true });
    assert.deepEqual(
      messages.map((message) => formatMessage(message, pkg)),
      [],
      name,
    );
  }
  done('publint reports no problems');

  // Each package can import only its own dependencies, and none of them needs an install script.
  const strictly = ['--install-strategy=linked', '--ignore-scripts'];
  run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', ...strictly], folder);
  const weights = readFileSync(join(folder, 'node_modules/@bigrid/method', WEIGHTS));
  assert(weights.equals(readFileSync(join(root, 'packages/method', WEIGHTS))));
  done('installed');

  run('npx', ['--no-install', 'bigrid', 'demo', '--epochs', '1', '--quiet'], folder);
  for (const file of ['model.onnx', 'report.html', 'heat-maps']) {
    assert(existsSync(join(folder, 'bigrid-demo', file)), `The demo did not write ${file}`);
  }
  done('the demo runs');

  const example = exampleOf('README.md', 'ts');
  writeFileSync(join(folder, 'example.ts'), example);
  const names = packages.map(({ name }) => name).filter((name) => name !== 'bigrid');
  const imports = names.map((name, index) => `export * as package${index} from '${name}';\n`);
  writeFileSync(join(folder, 'everything.ts'), imports.join(''));
  cpSync(join(folder, 'bigrid-demo/flange'), join(folder, 'path/to/folder'), { recursive: true });
  cpSync(join(folder, 'bigrid-demo/flange/test'), join(folder, 'new-images'), {
    recursive: true,
  });
  assert(example.includes('seed: 1'));
  const quick = example.replace('seed: 1', 'seed: 1, epochs: 1, size: 64');
  writeFileSync(join(folder, 'quick.mjs'), quick);
  const verdicts = run(process.execPath, ['quick.mjs'], folder).trim().split('\n');
  for (const line of verdicts) assert.match(line, /^new-images\/.*\.png [\d.e-]+ (true|false)$/);
  assert(verdicts.length > 10, `${verdicts.length} verdicts`);
  done(`the example of the README gives ${verdicts.length} verdicts`);

  checkTypes(folder);
} catch (error) {
  // The output of the command is more useful than the fact that it failed.
  for (const text of [error.stdout, error.stderr]) if (text) console.error(text);
  throw error;
} finally {
  remove();
}
