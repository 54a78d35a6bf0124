import { readFileSync } from 'node:fs';
import { float32, type Tensor } from '@bigrid/graph';
import type { ParameterValues } from '../src/parameters.ts';

/** A tensor as the goldens write it. */
export interface GoldenTensor {
  readonly shape: number[];
  readonly data: number[];
}

/** Values made by other tools: see tools/goldens/method.py. */
export function golden<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../src/goldens/${name}.json`, import.meta.url), 'utf8'));
}

function toTensor({ shape, data }: GoldenTensor): Tensor<'float32'> {
  return float32(shape, data);
}

export function toParameters(tensors: Readonly<Record<string, GoldenTensor>>): ParameterValues {
  return new Map(Object.entries(tensors).map(([name, value]) => [name, toTensor(value)]));
}
