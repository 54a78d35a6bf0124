import { fail } from '@bigrid/errors';
import { type Dimension, formatShape, type Shape } from './shape.ts';
import { type ElementType, type Tensor, tensor } from './tensor.ts';

/** An attribute of an operator. A plain number is an integer. */
export type Attribute =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly strings: readonly string[] }
  | { readonly tensor: Tensor };

/** Shape of the output of a node of another model: known only when the graph runs. */
const unknownShape: Shape = ['unknown'];

/** One value of a graph: an input, an initialiser, or an output of a node. */
export class Value {
  readonly graph: Graph;
  readonly name: string;
  readonly type: ElementType;
  readonly shape: Shape;
  /** The node that produces it; undefined for inputs and initialisers. */
  readonly producer: GraphNode | undefined;

  constructor(graph: Graph, name: string, type: ElementType, shape: Shape, producer?: GraphNode) {
    this.graph = graph;
    this.name = name;
    this.type = type;
    this.shape = shape;
    this.producer = producer;
  }

  toString(): string {
    return `${this.name} (${this.type} ${formatShape(this.shape)})`;
  }
}

/** What is known of a value before it is computed. */
type ValueType = Pick<Value, 'type' | 'shape'>;

/** One operator of a graph. `inputs` may have holes where an optional input is left out. */
export interface GraphNode {
  readonly operator: string;
  readonly name: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly output: Value;
  /** Further outputs besides `output`; one without a name is left out. */
  readonly others?: readonly Value[];
  /** A handwritten gradient for a value that the output depends on: see `attachGradient`. */
  readonly attached?: { readonly to: Value; readonly gradient: (g: Value) => Value };
  readonly body?: Body;
}

/** A graph inside a node (Loop). Its nodes may read values of the enclosing graph, which also holds its weights. */
export interface Body {
  readonly nodes: readonly GraphNode[];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
}

/**
 * An ONNX graph under construction. Operators (see `operators/`) append nodes through {@link Graph.node} and
 * infer shapes as they go, so that a wrong shape is rejected on the line that wrote it.
 */
export class Graph {
  readonly name: string;
  readonly nodes: GraphNode[] = [];
  readonly inputs: Value[] = [];
  readonly outputs = new Map<string, Value>();
  readonly initialisers = new Map<string, Tensor>();
  readonly #names = new Set<string>();
  readonly #counters = new Map<string, number>();
  readonly #constants = new Map<string, Value>();
  #scope = '';
  /** Where the next node goes: the graph, or the body being built. */
  #block: GraphNode[] = this.nodes;

  constructor(name: string) {
    this.name = name;
  }

  /** Declares an input. @throws GRAPH_NAME_TAKEN */
  input(name: string, type: ElementType, shape: Shape): Value {
    const value = new Value(this, this.#take(name), type, shape);
    this.inputs.push(value);
    return value;
  }

  /** Adds a named tensor to the graph: a trained table, a weight. @throws GRAPH_NAME_TAKEN */
  initialiser(name: string, value: Tensor): Value {
    return this.#store(this.#take(name), value);
  }

  /** A float32 constant that has no name of its own; a number becomes a scalar. Equal scalars are shared. */
  constant(value: number | Tensor): Value {
    if (typeof value !== 'number') return this.#store(this.#unique('constant'), value);
    // Printed, -0 looks like 0.
    return this.#shared(`float ${Object.is(value, -0) ? '-0' : value}`, () =>
      tensor('float32', [], Float32Array.of(value)),
    );
  }

  /** An int64 constant vector, as ONNX expects shapes and axes. Equal ones are shared. */
  integers(values: readonly number[]): Value {
    return this.#shared(`integers ${values.join(' ')}`, () =>
      tensor('int64', [values.length], BigInt64Array.from(values, BigInt)),
    );
  }

  /** Declares an output. @throws GRAPH_NAME_TAKEN */
  output(name: string, value: Value): void {
    // An identity gives the output its own name, even if one value is returned under two.
    if (this.outputs.has(name))
      fail('GRAPH_NAME_TAKEN', `Expected a new name for an output but received ${name}`);
    const node = this.#append('Identity', this.#take(name), [value], {}, value.type, value.shape);
    this.outputs.set(name, node);
  }

  /** Runs `build` with node names prefixed by `name/`, so that a viewer shows the parts of the model. */
  scope<T>(name: string, build: () => T): T {
    const outer = this.#scope;
    this.#scope = `${outer}${name}/`;
    try {
      return build();
    } finally {
      this.#scope = outer;
    }
  }

  /** The name that the next node of this operator gets, for error messages of shape inference. */
  nextName(operator: string): string {
    return this.#next(this.#scope + operator).name;
  }

  /** Appends a node with one output. Operators call this after their own checks. */
  node(
    operator: string,
    inputs: readonly (Value | undefined)[],
    attributes: Readonly<Record<string, Attribute>>,
    type: ElementType,
    shape: Shape,
  ): Value {
    return this.#append(operator, this.#unique(operator), inputs, attributes, type, shape);
  }

  /** Appends a node with several outputs, of these types and shapes. */
  nodeWithOutputs(
    operator: string,
    inputs: readonly (Value | undefined)[],
    attributes: Readonly<Record<string, Attribute>>,
    outputs: readonly [ValueType, ...ValueType[]],
  ): readonly Value[] {
    const [first, ...rest] = outputs;
    const output = this.node(operator, inputs, attributes, first.type, first.shape);
    const node = output.producer as { -readonly [K in keyof GraphNode]: GraphNode[K] };
    node.others = rest.map(
      ({ type, shape }) => new Value(this, this.#unique(operator), type, shape, node),
    );
    return [output, ...node.others];
  }

  /**
   * Appends a Loop: a node with a graph inside, which it runs `times` times.
   * @param times int64 [1]; may be known only at run time
   * @param count the same as a dimension
   * @param build from the number of the run, int64 [], to the outputs of the body; nodes that it appends belong to it
   * @returns each output [...] of the body as [count, ...]
   */
  loop(
    times: Value,
    count: Dimension,
    build: (run: Value) => readonly [Value, ...Value[]],
  ): readonly Value[] {
    const run = new Value(this, this.#unique('Loop/run'), 'int64', []);
    const goesOn = new Value(this, this.#unique('Loop/goes_on'), 'bool', []);
    const outer = this.#block;
    const nodes: GraphNode[] = [];
    this.#block = nodes;
    let outputs: Value[];
    try {
      // A body may not return values from outside, nor one value twice.
      outputs = [goesOn, ...build(run)].map((value) =>
        this.node('Identity', [value], {}, value.type, value.shape),
      );
    } finally {
      this.#block = outer;
    }
    const stacked = ({ type, shape }: Value): ValueType => ({ type, shape: [count, ...shape] });
    const types = outputs.slice(1).map(stacked);
    const values = this.nodeWithOutputs(
      'Loop',
      [times, undefined],
      {},
      types as [ValueType, ...ValueType[]],
    );
    const node = values[0]?.producer as { -readonly [K in keyof GraphNode]: GraphNode[K] };
    node.body = { nodes, inputs: [run, goesOn], outputs };
    return values;
  }

  /**
   * Appends a node of another model, of any operator: nothing is checked.
   * @param names of its outputs; an empty one is left out
   * @returns its outputs. Their type and shape are unknown: pass them to such nodes only
   * @throws GRAPH_NAME_TAKEN
   */
  foreignNode(
    operator: string,
    inputs: readonly (Value | undefined)[],
    attributes: Readonly<Record<string, Attribute>>,
    names: readonly [string, ...string[]],
  ): readonly Value[] {
    const [first, ...others] = names.map((name) => (name === '' ? '' : this.#take(name)));
    const output = this.#append(
      operator,
      first as string,
      inputs,
      attributes,
      'float32',
      unknownShape,
    );
    const node = output.producer as { -readonly [K in keyof GraphNode]: GraphNode[K] };
    node.others = others.map((name) => new Value(this, name, 'float32', unknownShape, node));
    return [output, ...node.others];
  }

  /**
   * The same value, with a handwritten gradient with respect to `to`: for a value whose own operators are not
   * differentiable in `to`, or only at a higher cost. Other gradients flow through `value` as usual.
   * @param gradient from the gradient of the value to the gradient of `to`, with the shape of `to`
   */
  attachGradient(value: Value, to: Value, gradient: (g: Value) => Value): Value {
    const output = this.node('Identity', [value], {}, value.type, value.shape);
    const node = output.producer as { -readonly [K in keyof GraphNode]: GraphNode[K] };
    node.attached = { to, gradient };
    return output;
  }

  #append(
    operator: string,
    name: string,
    inputs: readonly (Value | undefined)[],
    attributes: Readonly<Record<string, Attribute>>,
    type: ElementType,
    shape: Shape,
  ): Value {
    const node: { -readonly [K in keyof GraphNode]: GraphNode[K] } = {
      operator,
      name,
      inputs,
      attributes,
      output: undefined as unknown as Value,
    };
    node.output = new Value(this, name, type, shape, node);
    this.#block.push(node);
    return node.output;
  }

  #shared(key: string, make: () => Tensor): Value {
    const known = this.#constants.get(key);
    if (known) return known;
    const constant = this.#store(this.#take(`constant/${key.replaceAll(' ', '_')}`), make());
    this.#constants.set(key, constant);
    return constant;
  }

  #store(name: string, value: Tensor): Value {
    this.initialisers.set(name, value);
    return new Value(this, name, value.type, value.shape);
  }

  #take(name: string): string {
    if (this.#names.has(name)) {
      fail('GRAPH_NAME_TAKEN', `Expected a new name in graph ${this.name} but received ${name}`);
    }
    this.#names.add(name);
    return name;
  }

  #unique(kind: string): string {
    const key = this.#scope + kind;
    const { name, count } = this.#next(key);
    this.#counters.set(key, count);
    return this.#take(name);
  }

  #next(key: string): { name: string; count: number } {
    let count = (this.#counters.get(key) ?? 0) + 1;
    // A name that the caller chose may look like one of ours.
    while (this.#names.has(`${key}_${count}`)) count++;
    return { name: `${key}_${count}`, count };
  }
}
