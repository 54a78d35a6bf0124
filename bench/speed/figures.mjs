// The figures to measure. Each is measured repeatedly in a process of its revision (revision.mjs).

import { imageKinds } from './images.mjs';

/** Engine threads for rates. */
const threadCounts = [1, 2];

const rates = Object.keys(imageKinds).flatMap((kind) =>
  threadCounts.map((threads) => ({
    name: `rate, ${kind}, ${threads === 1 ? '1 thread' : `${threads} threads`}`,
    measure: 'rate',
    parameters: { kind, threads },
    parts: { '': { unit: 'images/s', better: 'higher' } },
  })),
);

const milliseconds = { unit: 'ms', better: 'lower' };
const megabytes = { unit: 'MB', better: 'lower' };

const latencies = threadCounts.map((threads) => ({
  name: `latency, decoded 256 px image, ${threads === 1 ? '1 thread' : `${threads} threads`}`,
  measure: 'latency',
  parameters: { threads },
  parts: { p50: milliseconds, p95: milliseconds, p99: milliseconds },
}));

/**
 * `parts`: the results of one measurement. `seldom`: slow, so measured in every fourth round. `once`: never varies.
 */
export const figures = [
  ...rates,
  ...latencies,
  {
    name: 'share of time inside the engine, 256 px JPEG',
    measure: 'engineShare',
    parameters: { kind: '256 px JPEG', threads: 2 },
    parts: { '': { unit: '%', better: 'higher' } },
  },
  {
    name: 'one image of 900 x 900 PNG, 1 thread',
    measure: 'stages',
    parameters: { kind: '900 x 900 PNG' },
    parts: {
      decode: milliseconds,
      preprocessing: milliseconds,
      backbone: milliseconds,
      features: milliseconds,
      coordinates: milliseconds,
      grids: milliseconds,
      branches: milliseconds,
      'map, refinement, score': milliseconds,
      'layout and copies': milliseconds,
      'heat map, where asked for': milliseconds,
    },
  },
  {
    name: 'model against the matrix products of the same engine, 1 thread',
    measure: 'floor',
    parameters: {},
    parts: {
      'multiply-adds of the model': { unit: 'million', better: 'lower' },
      'matrix product': { unit: 'billion multiply-adds/s', better: 'higher' },
      'floor of the model': milliseconds,
      'model time': milliseconds,
      'model time over floor': { unit: 'times', better: 'lower' },
    },
  },
  {
    name: 'start of the command line',
    measure: 'start',
    parameters: {},
    parts: { '`--help`': milliseconds, '`train --help`': milliseconds },
  },
  {
    name: 'training, profile `fast`',
    measure: 'training',
    parameters: {},
    seldom: true,
    parts: {
      'images to bundle': { unit: 's', better: 'lower' },
      reading: { unit: 's', better: 'lower' },
      steps: { unit: 's', better: 'lower' },
      calibrating: { unit: 's', better: 'lower' },
      'one step': milliseconds,
      'peak memory': megabytes,
    },
  },
  {
    name: 'inspecting 900 x 900 PNG by command line',
    measure: 'inspecting',
    parameters: { kind: '900 x 900 PNG' },
    seldom: true,
    parts: { 'peak memory': megabytes },
  },
  {
    name: 'bundle',
    measure: 'bundleSize',
    parameters: {},
    once: true,
    parts: { size: megabytes },
  },
];
