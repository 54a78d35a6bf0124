/** An anomaly map: `[height, width]`, row by row. */
export interface AnomalyMap {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

const HEADER_LENGTH_AT = 8;

/** Reads a two-dimensional float32 array in NumPy's format, version 1. @throws Error if it is another one */
export function parseNpy(bytes: ArrayBuffer): AnomalyMap {
  const headerLength = new DataView(bytes).getUint16(HEADER_LENGTH_AT, true);
  const start = HEADER_LENGTH_AT + 2;
  const header = new TextDecoder().decode(new Uint8Array(bytes, start, headerLength));
  const [, height, width] = /'descr': '<f4'.*'shape': \((?:1, )?(\d+), (\d+)\)/.exec(header) ?? [];
  if (width === undefined || height === undefined) throw new Error(`Not a map: ${header}`);
  return {
    width: Number(width),
    height: Number(height),
    data: new Float32Array(bytes.slice(start + headerLength)),
  };
}
