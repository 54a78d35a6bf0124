// Installs what is missing and builds what has changed. Needs only Node.js and npm; safe to repeat, and fast if there is
// nothing to do.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stampFile = join(root, 'node_modules', '.bigrid-installed');
const windows = process.platform === 'win32';

function run(command, args, options = {}) {
  // Progress goes to standard error: standard output belongs to the next command.
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], ...options });
  if (result.error) throw result.error;
  if (result.status !== 0) {
    console.error(
      `\nsetup: '${[command, ...args].join(' ')}' ended with exit code ${result.status}`,
    );
    process.exit(result.status ?? 1);
  }
}

/** Everything that decides what is installed. */
function installedState() {
  const hash = createHash('sha256');
  const manifests = readdirSync(join(root, 'packages')).map((name) =>
    join('packages', name, 'package.json'),
  );
  for (const file of ['package.json', 'package-lock.json', '.npmrc', ...manifests.sort()]) {
    if (existsSync(join(root, file))) hash.update(file).update(readFileSync(join(root, file)));
  }
  return hash.digest('hex');
}

/** npm's cache: inside the checkout if npm's own folder is not writable. */
function npmCache() {
  const { stdout } = spawnSync('npm', ['config', 'get', 'cache'], {
    cwd: root,
    encoding: 'utf8',
    shell: windows,
  });
  const usual = stdout.trim();
  try {
    mkdirSync(usual, { recursive: true });
    accessSync(usual, constants.W_OK);
    return usual;
  } catch {
    return join(root, '.bigrid', 'npm');
  }
}

const state = installedState();
const known = existsSync(stampFile) ? readFileSync(stampFile, 'utf8') : undefined;
if (known !== state) {
  console.error('setup: installing packages (once; about half a minute)');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    shell: windows,
    // onnxruntime-node contains its CPU engine; its install script would download a CUDA one if it detects CUDA.
    env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip', npm_config_cache: npmCache() },
  });
  writeFileSync(stampFile, state);
}

const node = join(root, 'node_modules', 'node', 'bin', windows ? 'node.exe' : 'node');
const runtime = existsSync(node) ? node : process.execPath;
// The compiler detects changes itself.
run(runtime, [join(root, 'node_modules', '@typescript', 'native', 'bin', 'tsc'), '-b']);

/** Everything that the page of the studio is made of: its sources, and the compiled code that it imports. */
function pageState() {
  const hash = createHash('sha256').update(state);
  for (const part of ['studio/src/page', 'studio/vite.config.ts', 'inspect/dist']) {
    for (const file of filesIn(join(root, 'packages', part))) {
      hash.update(file).update(readFileSync(file));
    }
  }
  return hash.digest('hex');
}

function filesIn(path) {
  if (!statSync(path).isDirectory()) return [path];
  const names = readdirSync(path, { recursive: true }).sort();
  return names.map((name) => join(path, name)).filter((file) => statSync(file).isFile());
}

const studio = join(root, 'packages', 'studio');
const pageStamp = join(studio, 'dist', 'page.stamp');
const pageNow = pageState();
if (!existsSync(pageStamp) || readFileSync(pageStamp, 'utf8') !== pageNow) {
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  run(runtime, [vite, 'build', '--logLevel', 'warn'], { cwd: studio });
  writeFileSync(pageStamp, pageNow);
}
