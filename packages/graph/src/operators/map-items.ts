import { fail } from '@bigrid/errors';
import type { Value } from '../graph.ts';
import { formatShape } from '../shape.ts';
import { gather } from './select.ts';

/**
 * Runs a part of the graph once per element of `items` along its first axis, and stacks the results. The part may
 * read any earlier value. Memory holds only what one run of it needs. It has no gradient.
 * @param items [count, ...]; the count may be known only at run time
 * @param build from one element [...] to outputs of static shapes
 * @returns each output [...] as [count, ...]
 * @throws GRAPH_SHAPE_MISMATCH
 */
export function mapItems(
  items: Value,
  build: (item: Value) => readonly [Value, ...Value[]],
): readonly Value[] {
  const { graph } = items;
  const [count] = items.shape;
  if (count === undefined) {
    return fail(
      'GRAPH_SHAPE_MISMATCH',
      `Expected at least one axis for ${graph.nextName('Loop')} but received ${formatShape(items.shape)}`,
    );
  }
  // Loop and not Scan, which OpenVINO refuses when the body reads values from outside of it.
  const times = graph.node('Shape', [items], { start: 0, end: 1 }, 'int64', [1]);
  return graph.loop(times, count, (run) => build(gather(items, run)));
}
