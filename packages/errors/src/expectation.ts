/** One option of a schema, as JSON Schema describes it. */
export interface Field {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly const?: string;
  /** The alternatives, if there are several. */
  readonly anyOf?: readonly Field[];
  /** What a list holds. */
  readonly items?: Field;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly multipleOf?: number;
  /** What is expected, if JSON Schema cannot express it. */
  readonly expected?: string;
}

/**
 * The X of "Expected X for Y": `an integer from 1 to 10000`, `one of normal, abnormal, both`, `auto or an integer from 64 to
 * 8192`.
 */
export function expectation(field: Field): string {
  if (field.expected !== undefined) return field.expected;
  if (field.anyOf) return field.anyOf.map(expectation).join(' or ');
  if (field.const !== undefined) return field.const;
  if (field.enum)
    return field.enum.length === 1 ? `${field.enum[0]}` : `one of ${field.enum.join(', ')}`;
  switch (field.type) {
    case 'boolean':
      return 'true or false';
    case 'string':
      return 'text';
    case 'array':
      return 'a list';
    case 'object':
      return 'an object';
  }
  if (field.multipleOf) return `a multiple of ${field.multipleOf} ${rangeOf(field)}`;
  return `${field.type === 'integer' ? 'an integer' : 'a number'} ${rangeOf(field)}`;
}

/** `from 1 to 10000`, `of at least 0` */
export function rangeOf({ minimum, maximum = Number.MAX_SAFE_INTEGER }: Field): string {
  // JSON Schema gives this maximum for every integer.
  if (maximum === Number.MAX_SAFE_INTEGER) return `of at least ${minimum}`;
  return `from ${minimum} to ${maximum}`;
}
