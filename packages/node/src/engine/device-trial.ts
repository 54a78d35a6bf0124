import { add, cast, float32, Graph, toModel } from '@bigrid/graph';
import type { Trial } from './devices.ts';
import { runOnDevice } from './onnx-runtime.ts';

// The program of `tryDevice`: prints one line of JSON.

/** Runs x + 1 on a device, and the same in half precision. */
async function attempt(device: string): Promise<Trial> {
  try {
    await sum(device, 'float32');
  } catch (error) {
    return { reason: reasonOf(error) };
  }
  try {
    await sum(device, 'float16');
    return { halfPrecision: true };
  } catch {
    return { halfPrecision: false };
  }
}

async function sum(device: string, type: 'float32' | 'float16'): Promise<void> {
  const graph = new Graph('trial');
  const x = graph.input('x', 'float32', [2]);
  const y = graph.input('y', 'float32', [2]);
  graph.output('sum', cast(add(cast(x, type), cast(y, type)), 'float32'));
  const inputs = { x: float32([2], [1, 2]), y: float32([2], [3, 4]) };
  const { sum } = await runOnDevice(device, toModel(graph), inputs);
  const received = Array.from(sum?.data as Float32Array).join(', ');
  if (received !== '4, 6') throw new Error(`it adds 1, 2 and 3, 4 to ${received}`);
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message.trim() : String(error);
  // ONNX Runtime puts its source location before the reason.
  return message.replace(/^.* was false\. /s, '');
}

process.stdout.write(`${JSON.stringify(await attempt(process.argv[2] as string))}\n`);
