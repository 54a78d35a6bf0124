import { expectation, type Field } from '@bigrid/errors';
import type { FastifySchemaCompiler } from 'fastify';
import { z } from 'zod';
import { FieldError } from './errors.ts';

/** A part of a JSON Schema. */
type Node = Field & {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
};

/** Of URLs, which messages must not repeat. */
const CREDENTIALS = /\/\/[^/@\s"]*@/g;
/** Longer values are truncated in messages. */
const LONGEST = 60;

/** Checks a part of a request by its schema, and describes the first thing that does not fit as errors of options are. */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({
  schema,
  httpPart = 'body',
}) => {
  let root: Node | undefined;
  return (data) => {
    const { success, data: value, error } = schema.safeParse(data);
    if (success) return { value };
    root ??= z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Node;
    const [issue] = error.issues as [z.core.$ZodIssue];
    const place = [httpPart, ...issue.path].join('.');
    return { error: new FieldError(place, wordsOf(issue, root, data, place)) };
  };
};

function wordsOf(issue: z.core.$ZodIssue, root: Node, data: unknown, place: string): string {
  if (issue.code === 'unrecognized_keys') {
    return `Expected only known fields in ${place} but received ${issue.keys.join(', ')}`;
  }
  const field = issue.path.reduce<Node | undefined>(
    (node, name) => node && inside(node, String(name)),
    root,
  );
  const received = issue.path.reduce<unknown>(
    (value, name) => (value as Record<PropertyKey, unknown> | undefined)?.[name],
    data,
  );
  return field
    ? `Expected ${expectation(field)} for ${place} but received ${shown(received)}`
    : `Expected a valid value for ${place} but received ${shown(received)}: ${issue.message}`;
}

/** What a schema says about one of its parts; undefined where it depends on other parts. */
function inside(node: Node, name: string): Node | undefined {
  if (node.items) return node.items;
  if (node.properties?.[name]) return node.properties[name];
  if (typeof node.additionalProperties === 'object') return node.additionalProperties;
  const [only, ...others] = (node.anyOf ?? node.oneOf ?? []).flatMap(
    (one) => inside(one, name) ?? [],
  );
  return others.length === 0 ? only : undefined;
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value).replaceAll(CREDENTIALS, '//');
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
