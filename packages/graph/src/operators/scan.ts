import { fail } from '@bigrid/errors';
import type { Value } from '../graph.ts';
import { formatShape } from '../shape.ts';

/**
 * Runs a part of the graph once per element of `items` along its first axis, and stacks the results. The part may
 * read any earlier value. Memory holds only what one run of it needs. It has no gradient.
 * @param items [count, ...]; the count may be known only at run time
 * @param build from one element [...] to outputs of static shapes
 * @returns each output [...] as [count, ...]
 * @throws GRAPH_SHAPE_MISMATCH
 */
export function scan(
  items: Value,
  build: (item: Value) => readonly [Value, ...Value[]],
): readonly Value[] {
  const { graph } = items;
  const [count, ...shape] = items.shape;
  if (count === undefined) {
    return fail(
      'GRAPH_SHAPE_MISMATCH',
      `Expected at least one axis for ${graph.nextName('Scan')} but received ${formatShape(items.shape)}`,
    );
  }
  const item = { type: items.type, shape };
  const stacked = (output: readonly (number | string)[]) => [count, ...output];
  return graph.nodeWithBody('Scan', [items], { num_scan_inputs: 1 }, item, build, stacked);
}
