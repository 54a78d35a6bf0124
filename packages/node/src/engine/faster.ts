import { isBigridError } from '@bigrid/errors';
import { type Engine, openLoop, readPorts } from '@bigrid/graph';
import { type RealDevice, workingDevices } from './devices.ts';
import { runsPerSecond } from './speed.ts';

/** A device that is this many times slower than the fastest at one graph is not measured at others. */
const HOPELESS = 10;

/**
 * An engine that runs each graph on the device that is fastest at it, for `device: 'auto'`. Where more than the processor
 * works, devices are measured for about a second at the first graph of each kind: those with the same inputs and outputs,
 * such as the training steps of all folds, are of one kind.
 * @param open the engine on a device
 * @param devices those that work. Default: {@link workingDevices}
 */
export function fasterEngine(
  description: string,
  open: (device: RealDevice) => Engine,
  devices = workingDevices,
): Engine {
  const choices = new Map<string, Promise<Engine>>();
  let candidates: Promise<Set<Engine>> | undefined;
  const choose = (model: Uint8Array) => {
    const kind = JSON.stringify(readPorts(model));
    candidates ??= devices().then((working) => new Set(working.map(open)));
    const choice = choices.get(kind) ?? candidates.then((engines) => fastest(engines, model));
    choices.set(kind, choice);
    return choice;
  };
  return {
    description,
    load: async (model) => (await choose(model)).load(model),
    loop: async (model, values) => openLoop(await choose(model), model, values),
  };
}

/** @param engines loses those that are hopeless */
async function fastest(engines: Set<Engine>, model: Uint8Array): Promise<Engine> {
  const [first] = [...engines] as [Engine];
  if (engines.size === 1) return first;
  const speeds = new Map<Engine, number>();
  for (const engine of engines) speeds.set(engine, await speedOf(engine, model));
  const most = Math.max(...speeds.values());
  for (const [engine, speed] of speeds) if (speed * HOPELESS < most) engines.delete(engine);
  return [...engines].find((engine) => speeds.get(engine) === most) as Engine;
}

/** 0 for a device that fails, for example of too little memory. */
async function speedOf(engine: Engine, model: Uint8Array): Promise<number> {
  try {
    return await runsPerSecond(engine, model);
  } catch (error) {
    if (!isBigridError(error, 'ENGINE_FAILED')) throw error;
    return 0;
  }
}
