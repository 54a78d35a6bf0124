import { float32, sizeOf, type Tensor } from '@bigrid/graph';

/**
 * Numbers in [-1, 1), the same in every language: a hash (the finaliser of MurmurHash3) of name and place. Written a
 * second time in tools/goldens/efficientnet.py, so that goldens need not store weights.
 */
export function formula(name: string, size: number): Float32Array {
  let seed = 2166136261;
  for (const letter of new TextEncoder().encode(name)) {
    seed = Math.imul(seed ^ letter, 16777619);
  }
  return Float32Array.from({ length: size }, (_, at) => {
    let x = (seed + Math.imul(at, 0x9e3779b9)) >>> 0;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    x = (x ^ (x >>> 16)) >>> 0;
    return x / 2 ** 31 - 1;
  });
}

/** Weights whose activations neither vanish nor grow much; running variances are positive. */
export function weightOf(name: string, shape: readonly number[]): Tensor<'float32'> {
  const values = formula(name, sizeOf(shape));
  const change = (): ((value: number) => number) => {
    if (name.endsWith('running_var')) return (value) => 1 + 0.5 * value;
    if (shape.length === 2 || shape.length === 4) {
      const scale = Math.fround(Math.sqrt(6 / sizeOf(shape.slice(1))));
      return (value) => value * scale;
    }
    const around = name.endsWith('weight') ? 1 : 0;
    return (value) => value * Math.fround(0.2) + around;
  };
  return float32(shape, values.map(change()));
}
