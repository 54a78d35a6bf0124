import { execFile } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fail } from '@bigrid/errors';
import type { DeviceFeatures } from '@bigrid/graph';
import { builtInDevices } from './onnx-runtime.ts';

/** Devices to compute on. Which of them work depends on the system and on the installed ONNX Runtime. */
const realDevices = ['cpu', 'cuda', 'webgpu', 'coreml', 'dml'] as const;
export type RealDevice = (typeof realDevices)[number];

/** The values of the option: `auto` measures which one is the fastest. */
export const deviceNames = [...realDevices, 'auto'] as const;
export type Device = (typeof deviceNames)[number];

/** What a trial of a device shows. */
export type Trial = DeviceFeatures | { readonly reason: string };

/** Longest trial, in ms; a driver that compiles its programs first takes some seconds. */
const LONGEST_TRIAL = 60_000;

const program = fileURLToPath(
  new URL(`./device-trial${extname(import.meta.url)}`, import.meta.url),
);

/** One trial per device: neither adapters nor libraries come and go during a process. */
const trials = new Map<RealDevice, Promise<Trial>>();

/** Tries a device on a minimal graph, in a process of its own: drivers print what they like, and some crash. */
function tryDevice(device: RealDevice): Promise<Trial> {
  const known = trials.get(device);
  if (known) return known;
  const trial = new Promise<Trial>((resolve) => {
    execFile(process.execPath, [program, device], { timeout: LONGEST_TRIAL }, (error, stdout) => {
      const [line] = stdout.match(/^\{.*\}$/m) ?? [];
      if (line) return resolve(JSON.parse(line));
      resolve({ reason: `trying it ended with ${error?.signal ?? `exit code ${error?.code}`}` });
    });
  });
  trials.set(device, trial);
  return trial;
}

/** The devices of the installed ONNX Runtime, without the processor. */
function devicesToTry(): RealDevice[] {
  const builtIn = builtInDevices();
  return realDevices.filter((name) => name !== 'cpu' && builtIn.includes(name));
}

/** The devices that work here, the processor first. */
export async function workingDevices(): Promise<RealDevice[]> {
  const tried = await Promise.all(
    devicesToTry().map(async (device) => ({ device, trial: await tryDevice(device) })),
  );
  return ['cpu', ...tried.flatMap(({ device, trial }) => ('reason' in trial ? [] : [device]))];
}

/** The features of a device that works. @throws DEVICE_MISSING */
export async function featuresOf(device: RealDevice): Promise<DeviceFeatures> {
  if (device === 'cpu') return { halfPrecision: true };
  const trial = devicesToTry().includes(device)
    ? await tryDevice(device)
    : { reason: 'the installed ONNX Runtime was built without it' };
  if (!('reason' in trial)) return trial;
  const working = (await workingDevices()).join(', ');
  return fail(
    'DEVICE_MISSING',
    `Expected a device that works here (${working}) but received ${device}: ${trial.reason}`,
  );
}
