import {
  arch,
  availableParallelism,
  cpus,
  freemem,
  platform,
  release,
  tmpdir,
  totalmem,
} from 'node:os';
import type { Engine } from '@bigrid/graph';
import sharp from 'sharp';
import {
  type Device,
  type EngineOptions,
  onnxRuntimeEngine,
  workingDevices,
} from '../engine/engine.ts';
import { statfs } from '../files/system.ts';
import { checkRequest } from '../requests.ts';
import { version } from '../version.ts';
import { type Diagnosis, type Finding, findingOf } from './diagnosis.ts';
import { selfTest } from './self-test.ts';
import { compareSpeeds, training } from './speed.ts';

const GB = 1e9;
/** Peak memory of training. */
const MEMORY = 1 * GB;
/** Features of 5,000 images. */
const DISK = 2 * GB;
/** The same as `engines` in package.json. */
const OLDEST_NODE = [22, 13] as const;

/**
 * Checks the machine, the installed versions, and whether the engine computes correctly. With another device than the
 * processor, measures both; with `auto`, all that work.
 */
export async function checkMachine(options: EngineOptions = {}): Promise<Diagnosis> {
  checkRequest('checkMachine', options);
  const [memory, disk] = [freemem(), await freeDisk(tmpdir())];
  const facts = [
    ['Bigrid', version],
    ['Node.js', process.versions.node],
    ['sharp', `${sharp.versions.sharp} (libvips ${sharp.versions.vips})`],
    ['system', `${platform()} ${arch()}, ${release()}`],
    ['processor', `${cpus()[0]?.model.trim() ?? 'unknown'}, ${availableParallelism()} threads`],
    ['memory', `${gigabytes(memory)} free of ${gigabytes(totalmem())}`],
    ['disk', `${disk === undefined ? 'unknown' : gigabytes(disk)} free in ${tmpdir()}`],
    ['devices', `${(await workingDevices()).join(', ')} (\`device\`)`],
  ] as const;
  return {
    subject: 'machine',
    facts,
    findings: [nodeVersion(), room(memory, disk), ...(await engineFindings(options))],
  };
}

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [oldest, oldestMinor] = OLDEST_NODE;
  const fits = major > oldest || (major === oldest && minor >= oldestMinor);
  const message = `Node.js ${process.versions.node}`;
  return fits
    ? { level: 'ok', check: 'Node.js', message }
    : {
        level: 'fix',
        check: 'Node.js',
        message: `${message} is older than ${OLDEST_NODE.join('.')}, which Bigrid needs`,
        remedy: 'Install a newer version from nodejs.org.',
      };
}

function room(memory: number, disk: number | undefined): Finding {
  const short = [
    ...(memory < MEMORY ? [`${gigabytes(memory)} of memory free`] : []),
    ...((disk ?? DISK) < DISK ? [`${gigabytes(disk ?? 0)} of disk free`] : []),
  ];
  return short.length === 0
    ? { level: 'ok', check: 'room', message: 'memory and disk for training' }
    : {
        level: 'note',
        check: 'room',
        message: `${short.join(' and ')}: training needs about 800 MB of memory and 0.4 MB of disk per image`,
        remedy: 'Close other programs, or set TMPDIR to move the temporary file to another disk.',
      };
}

/** Whether the engine computes correctly on the device asked for, or on all that work, and how fast. */
async function engineFindings({ device = 'cpu', threads }: EngineOptions): Promise<Finding[]> {
  const devices: readonly Device[] = device === 'auto' ? await workingDevices() : [device];
  const findings: Finding[] = [];
  try {
    for (const one of devices) {
      findings.push(...(await checkEngine(onnxRuntimeEngine({ device: one, threads }))));
    }
    if (device === 'cpu' || findings.some(({ level }) => level === 'fix')) return findings;
    return [...findings, ...(await compareSpeeds({ device, threads }, await training()))];
  } catch (error) {
    return [...findings, findingOf('engine', error)];
  }
}

/** @throws DEVICE_MISSING, ENGINE_FAILED */
async function checkEngine(engine: Engine): Promise<Finding[]> {
  const check = 'engine';
  const results = await selfTest(engine);
  const wrong = results.filter(({ passed }) => !passed);
  if (wrong.length === 0) {
    const operations = results.map(({ operation }) => operation).join(', ');
    const message = `${engine.description} computes correctly: ${operations}`;
    return [{ level: 'ok', check, message }];
  }
  return wrong.map(({ operation, off }) => ({
    level: 'fix',
    check,
    message: `${engine.description}: error of ${off.toPrecision(2)} in ${operation}`,
    remedy: 'Scores from this engine cannot be trusted: use another `device`, or reinstall it.',
  }));
}

async function freeDisk(path: string): Promise<number | undefined> {
  const found = await statfs(path).catch(() => undefined);
  return found && found.bavail * found.bsize;
}

function gigabytes(bytes: number): string {
  return `${(bytes / GB).toFixed(1)} GB`;
}
