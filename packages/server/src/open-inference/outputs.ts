import type { InspectionResult } from '../workers/messages.ts';
import { type InferRequest, type OutputTensor, refuse } from './tensors.ts';

type Values = Omit<OutputTensor, 'name'>;

/** The outputs of every model, in the order in which a response lists them. */
const outputs: Readonly<Record<string, (result: InspectionResult) => Values>> = {
  anomaly_map: ({ map }) => ({
    datatype: 'FP32',
    shape: [1, map?.height ?? 0, map?.width ?? 0],
    data: map?.data ?? new Float32Array(),
  }),
  score: ({ score }) => number(score),
  threshold: ({ threshold }) => number(threshold),
  p_value: ({ pValue }) => number(pValue),
  is_anomalous: ({ isAnomalous }) => ({
    datatype: 'BOOL',
    shape: [1],
    data: Uint8Array.of(isAnomalous ? 1 : 0),
  }),
  verdict: ({ verdict }) => ({ datatype: 'BYTES', shape: [1], data: [verdict] }),
};

/** As model metadata states them. */
export const outputMetadata = [
  { name: 'anomaly_map', datatype: 'FP32', shape: [1, -1, -1] },
  { name: 'score', datatype: 'FP32', shape: [1] },
  { name: 'threshold', datatype: 'FP32', shape: [1] },
  { name: 'p_value', datatype: 'FP32', shape: [1] },
  { name: 'is_anomalous', datatype: 'BOOL', shape: [1] },
  { name: 'verdict', datatype: 'BYTES', shape: [1] },
];

/** The names of the outputs that a request asks for; all if it names none. @throws REQUEST_INVALID */
export function outputNames({ outputs: asked }: Pick<InferRequest, 'outputs'>): string[] {
  if (!asked || asked.length === 0) return Object.keys(outputs);
  const names = asked.map(({ name }) => name);
  const unknown = names.find((name) => !Object.hasOwn(outputs, name));
  if (unknown !== undefined) {
    return refuse(`an output of ${Object.keys(outputs).join(', ')}`, unknown);
  }
  return [...new Set(names)];
}

export function outputTensors(names: readonly string[], result: InspectionResult): OutputTensor[] {
  return names.map((name) => ({ name, ...(outputs[name] as (typeof outputs)[string])(result) }));
}

function number(value: number): Values {
  return { datatype: 'FP32', shape: [1], data: Float32Array.of(value) };
}
