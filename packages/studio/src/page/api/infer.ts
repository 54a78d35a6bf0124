import { send } from './client.ts';
import type { AnomalyMap } from './npy.ts';

/** What a model says of an image by the Open Inference Protocol, with the map, in one inspection. */
export interface Inference {
  readonly score: number;
  readonly threshold: number;
  readonly map: AnomalyMap;
}

interface InferResponse {
  readonly outputs: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly data?: readonly number[];
  }[];
}

const LENGTH_HEADER = 'inference-header-content-length';

/** Inspects an image file. @param path of the model, such as `v2/models/part` @throws ApiError */
export async function infer(path: string, image: Blob, signal: AbortSignal): Promise<Inference> {
  const size = 4 + image.size;
  const head = new Blob([
    JSON.stringify({
      inputs: [
        { name: 'image', datatype: 'BYTES', shape: [1], parameters: { binary_data_size: size } },
      ],
      outputs: [
        { name: 'score' },
        { name: 'threshold' },
        { name: 'anomaly_map', parameters: { binary_data: true } },
      ],
    }),
  ]);
  const length = new DataView(new ArrayBuffer(4));
  length.setUint32(0, image.size, true);
  const response = await send(`${path}/infer`, {
    method: 'POST',
    body: new Blob([head, length, image]),
    headers: { [LENGTH_HEADER]: String(head.size) },
    signal,
  });
  const bytes = await response.arrayBuffer();
  return parse(bytes, Number(response.headers.get(LENGTH_HEADER)));
}

/** The JSON, then the bytes of the map. */
function parse(bytes: ArrayBuffer, jsonLength: number): Inference {
  const json = new TextDecoder().decode(new Uint8Array(bytes, 0, jsonLength));
  const { outputs } = JSON.parse(json) as InferResponse;
  const find = (name: string) => outputs.find((output) => output.name === name);
  const [, height = 0, width = 0] = find('anomaly_map')?.shape ?? [];
  return {
    score: find('score')?.data?.[0] ?? Number.NaN,
    threshold: find('threshold')?.data?.[0] ?? Number.NaN,
    map: { width, height, data: new Float32Array(bytes.slice(jsonLength)) },
  };
}
