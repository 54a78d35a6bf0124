import { type Engine, toModel } from '@bigrid/graph';
import { extractor, profiles, type Stage, stagesOf, trainingStep } from '@bigrid/method';
import {
  type EngineOptions,
  onnxRuntimeEngine,
  parallelEngine,
  workingDevices,
} from '../engine/engine.ts';
import { runsPerSecond } from '../engine/speed.ts';
import { openBackbone } from '../training/backbones.ts';
import type { Finding } from './diagnosis.ts';

/** A graph to measure. */
interface Work {
  /** What is counted, such as `images/s inspected`. */
  readonly unit: string;
  readonly model: Uint8Array;
  /** How an engine for it is opened. */
  readonly open: (options: EngineOptions) => Engine;
}

/** Inspection with a model. */
export function inspecting(model: Uint8Array): Work {
  return { unit: 'images/s inspected', model, open: parallelEngine };
}

/** What most of the time of a training with the profile `fast` is for: the frozen network, and the steps. */
export async function training(): Promise<Work[]> {
  const { schedule, ...profile } = profiles.fast;
  const engine = onnxRuntimeEngine();
  const { backbone, method } = await openBackbone({}, profile.method, engine, undefined);
  const { graph: network, ...taps } = extractor(backbone, method);
  const channels = taps.tapChannels.reduce((sum, count) => sum + count, 0);
  const statistics = {
    mean: new Float32Array(channels),
    deviation: new Float32Array(channels).fill(1),
  };
  const [stage] = stagesOf(method) as [Stage];
  const { graph: step } = trainingStep({ stage, method, schedule, statistics, taps });
  return [
    { unit: 'images/s read for training', model: toModel(network), open: onnxRuntimeEngine },
    { unit: 'training steps/s', model: toModel(step), open: onnxRuntimeEngine },
  ];
}

/**
 * Measures how fast the processor and a device run some graphs, or all devices that work for `auto`. Nothing if no other
 * device than the processor is asked for.
 * @throws DEVICE_MISSING, ENGINE_FAILED
 */
export async function compareSpeeds(
  { device = 'cpu', threads }: EngineOptions,
  works: readonly Work[],
): Promise<Finding[]> {
  if (device === 'cpu') return [];
  const devices = device === 'auto' ? await workingDevices() : (['cpu', device] as const);
  const findings: Finding[] = [];
  for (const { unit, model, open } of works) {
    const speeds: [name: string, speed: number][] = [];
    for (const one of devices) {
      speeds.push([one, await runsPerSecond(open({ device: one, threads }), model)]);
    }
    findings.push(speedFinding(device, speeds, unit));
  }
  return findings;
}

/** @param speeds of each device, the processor's first */
export function speedFinding(
  device: string,
  speeds: readonly (readonly [name: string, speed: number])[],
  unit: string,
): Finding {
  const check = 'speed';
  const all = speeds.map(([name, speed]) => `${rounded(speed)} on ${name}`).join(', ');
  const [fastest] = speeds.toSorted(([, a], [, b]) => b - a)[0] as [string, number];
  const message = `${unit}: ${all}`;
  if (device === 'auto' || device === fastest) return { level: 'ok', check, message };
  const remedy =
    fastest === 'cpu'
      ? 'Leave `device` out here: it computes on the processor.'
      : `Set \`device\` to ${fastest} here.`;
  return { level: 'note', check, message, remedy };
}

function rounded(speed: number): string {
  return speed < 10 ? speed.toPrecision(2) : speed.toFixed(0);
}
