import { expect, test } from 'vitest';
import { encodeNpy } from './npy.ts';

// What numpy.save (2.4) writes of [[0.1, -2.5, 3e38], [nan, inf, 1e-40]] and of [1.5], as '<f4'.
const goldens: [Float32Array, number[], string][] = [
  [
    Float32Array.of(0.1, -2.5, 3e38, Number.NaN, Number.POSITIVE_INFINITY, 1e-40),
    [2, 3],
    'k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDMpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIArNzMw9AAAgwOaxYX8AAMB/AACAf8IWAQA=',
  ],
  [
    Float32Array.of(1.5),
    [1],
    'k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDEsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAMA/',
  ],
];

test.each(goldens)('%j of shape %j is what NumPy writes', (data, shape, golden) => {
  expect(Buffer.from(encodeNpy(data, shape)).toString('base64')).toBe(golden);
});

test('a view into a longer buffer is written alone', () => {
  const view = new Float32Array([9, 1.5, 9]).subarray(1, 2);
  expect(encodeNpy(view, [1])).toEqual(encodeNpy(Float32Array.of(1.5), [1]));
});
