import { fail } from '@bigrid/errors';
import type { GraphNode, Value } from '../graph.ts';
import { pad, reshape, slice, transpose } from '../operators/layout.ts';
import { sumTo } from '../operators/reduce.ts';
import { type GradientRule, inputOf } from './rule.ts';

/** The integers of the initialiser behind an input: starts, ends, pads. */
function integersOf(node: GraphNode, index: number): number[] {
  const data = node.output.graph.initialisers.get(inputOf(node, index).name)?.data;
  return Array.from((data ?? []) as Iterable<bigint>, Number);
}

export const layoutGradients: Readonly<Record<string, GradientRule>> = {
  Reshape: (node, g) => [() => reshape(g, inputOf(node, 0).shape), undefined],
  Transpose: (node, g) => {
    const order = node.attributes.perm as readonly number[];
    return [
      () =>
        transpose(
          g,
          order.map((_, axis) => order.indexOf(axis)),
        ),
    ];
  },
  Concat: (node, g) => {
    const axis = node.attributes.axis as number;
    let start = 0;
    return node.inputs.map((input) => {
      const from = start;
      start += input?.shape[axis] as number;
      const to = start;
      return () => slice(g, axis, from, to);
    });
  },
  Slice: (node, g) => {
    const x = inputOf(node, 0);
    if (node.inputs.length > 4) {
      fail(
        'GRAPH_NO_GRADIENT',
        `Expected steps of 1 for the gradient of ${node.name} but received others`,
      );
    }
    const [start, end, axis] = [1, 2, 3].map((index) => integersOf(node, index)[0]);
    if (start === undefined || end === undefined || axis === undefined) {
      return fail(
        'GRAPH_NO_GRADIENT',
        `Expected a constant position for the gradient of ${node.name} but received ${inputOf(node, 1)}`,
      );
    }
    const around = (size: number) => x.shape.map((_, at) => (at === axis ? size : 0));
    return [() => pad(g, around(start), around((x.shape[axis] as number) - end))];
  },
  Pad: (node, g) => {
    const x = inputOf(node, 0);
    const before = integersOf(node, 1);
    return [
      () =>
        x.shape.reduce<Value>(
          (cut, size, axis) =>
            cut.shape[axis] === size
              ? cut
              : slice(
                  cut,
                  axis,
                  before[axis] as number,
                  (before[axis] as number) + (size as number),
                ),
          g,
        ),
    ];
  },
  Expand: (node, g) => [() => sumTo(g, inputOf(node, 0).shape), undefined],
};
