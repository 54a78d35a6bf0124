import { Graph } from '../src/graph.ts';
import type { ModelOptions } from '../src/model.ts';
import { mapItems } from '../src/operators/map-items.ts';
import { float32, tensor } from '../src/tensor.ts';

/** A graph that fills every field that we write; tools/goldens/onnx_file.py builds the same model in Python. */
export function everyFieldGraph(): { graph: Graph; options: ModelOptions } {
  const graph = new Graph('every field');
  const x = graph.input('x', 'float32', ['rows', 2]);
  const flags = graph.input('flags', 'bool', []);
  const weights = [
    graph.initialiser('float32', float32([1, 2], [0.1, -2])),
    graph.initialiser('float16', tensor('float16', [2], Uint16Array.of(0x3c00, 0xc000))),
    graph.initialiser('int64', tensor('int64', [3], BigInt64Array.of(-1n, 0n, 2n ** 40n))),
    graph.initialiser('int32', tensor('int32', [1], Int32Array.of(-7))),
    graph.initialiser('int8', tensor('int8', [2, 1], Int8Array.of(-128, 127))),
    graph.initialiser('uint8', tensor('uint8', [], Uint8Array.of(200))),
    graph.initialiser('bool', tensor('bool', [0], new Uint8Array())),
  ];
  const attributes = {
    integer: -3,
    large: 2 ** 40,
    float: { float: 0.1 },
    text: 'größer',
    integers: [1, -2, 300],
    none: [],
    floats: { floats: [0.5, -1e-30] },
    texts: { strings: ['a', ''] },
    tensor: { tensor: float32([2], [1, 2]) },
    to: 'float16',
  };
  const inputs = [x, undefined, flags, ...weights];
  const [first] = graph.foreignNode('Everything', inputs, attributes, ['first', '', 'third']);
  if (first) graph.output('y', first);
  const [rows] = mapItems(x, (row) => [row]);
  if (rows) graph.output('rows_again', rows);
  const metadata = { manifest: '{"größe":1}', empty: '' };
  return { graph, options: { metadata, description: 'all', producerVersion: '1.2.3' } };
}
