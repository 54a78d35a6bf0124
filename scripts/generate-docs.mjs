// Fills the generated parts of the pages under docs/ (`<!-- generated:NAME -->`) from code and measurements, and draws the
// figures that come from measurements. With --check it fails when that would change a file.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorRegistry } from '@bigrid/errors';
import { manifestSchema, thresholdRules, trainOptionsSchema } from '@bigrid/inspect';
import { methodOptionsSchema, profileNames, profiles, scheduleSchema } from '@bigrid/method';
import { z } from 'zod';
import { commandParts } from './docs/command-help.mjs';
import { fillPart, partNames } from './docs/generated-parts.mjs';
import { table } from './docs/markdown-table.mjs';
import { scalingFigures, scalingParts } from './docs/scaling-page.mjs';

const docs = join(import.meta.dirname, '..', 'docs');

/** One row per option of a schema. */
function optionRows(schema, defaults) {
  const { properties, required = [] } = z.toJSONSchema(schema, { io: 'input' });
  return Object.entries(properties).map(([name, property]) => {
    const fallback = defaults?.[name] ?? property.default;
    return [
      `\`${name}\``,
      range(property),
      fallback === undefined
        ? required.includes(name)
          ? 'required'
          : ''
        : `\`${JSON.stringify(fallback)}\``,
      property.description ?? '',
    ];
  });
}

/** What each profile sets, one column per profile. */
function profileTable(part, schema) {
  const { properties } = z.toJSONSchema(schema, { io: 'input' });
  const value = (profile, name) => {
    const set = profiles[profile][part][name];
    return set === undefined ? '' : `\`${JSON.stringify(set)}\``;
  };
  return table(
    ['option', 'values', ...profileNames.map((name) => `\`${name}\``), 'meaning'],
    Object.entries(properties).map(([name, property]) => [
      `\`${name}\``,
      range(property),
      ...profileNames.map((profile) => value(profile, name)),
      property.description ?? '',
    ]),
  );
}

/** What values a property takes, in words. */
function range(property) {
  if (property.const !== undefined) return `\`${JSON.stringify(property.const)}\``;
  if (property.enum) return property.enum.map((value) => `\`${value}\``).join(', ');
  if (property.anyOf) {
    const choices = property.anyOf.map(range);
    return choices.join(choices.some((choice) => choice.includes(',')) ? ', or ' : ' or ');
  }
  if (property.type === 'array') {
    const { items, prefixItems = [] } = property;
    return items
      ? `list of ${items.anyOf ? `(${range(items)})` : range(items)}`
      : `list of ${prefixItems.map(range).join(' and ')}`;
  }
  if (property.type === 'object') return 'object';
  const { multipleOf } = property;
  const multiple = multipleOf === undefined ? [] : [`a multiple of ${multipleOf}`];
  return [property.type, ...bounds(property), ...multiple].join(', ');
}

/** Zod states the range of safe integers too, which says nothing. */
function bounds({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }) {
  const least = minimum > Number.MIN_SAFE_INTEGER ? minimum : undefined;
  const most = maximum < Number.MAX_SAFE_INTEGER ? maximum : undefined;
  if (least !== undefined && most !== undefined) return [`${least} to ${most}`];
  return [
    least !== undefined && `at least ${least}`,
    exclusiveMinimum !== undefined && `above ${exclusiveMinimum}`,
    exclusiveMaximum !== undefined && `below ${exclusiveMaximum}`,
    most !== undefined && `at most ${most}`,
  ].filter(Boolean);
}

const optionHead = ['option', 'values', 'default', 'meaning'];
const fieldHead = ['field', 'values', '', 'meaning'];
const measurements = JSON.parse(readFileSync(join(docs, 'benchmarks/scaling.json'), 'utf8'));

const parts = {
  errors: table(
    ['code', 'exit code', 'HTTP status', 'raised when', 'what to do'],
    Object.entries(errorRegistry).map(([code, { exitCode, httpStatus, when, remedy }]) => [
      `\`${code}\``,
      exitCode,
      httpStatus,
      when,
      remedy,
    ]),
  ),
  options: table(optionHead, optionRows(trainOptionsSchema)),
  'profiles:method': profileTable('method', methodOptionsSchema),
  'profiles:schedule': profileTable('schedule', scheduleSchema),
  'threshold-rules': table(
    ['rule', 'its number', 'the threshold'],
    Object.values(thresholdRules).map(({ form, amount, description }) => [
      `\`${form}\``,
      amount === undefined ? '' : range(z.toJSONSchema(amount)),
      description,
    ]),
  ),
  manifest: table(fieldHead, optionRows(manifestSchema)),
  'manifest:calibration': table(fieldHead, optionRows(manifestSchema.shape.calibration)),
  'manifest:training': table(fieldHead, optionRows(manifestSchema.shape.training)),
  'manifest:updates': table(fieldHead, optionRows(manifestSchema.shape.updates.unwrap().element)),
  ...(await commandParts()),
  ...scalingParts(measurements),
};

const stale = [];
const unused = new Set(Object.keys(parts));
for (const name of readdirSync(docs, { recursive: true })) {
  if (!name.endsWith('.md')) continue;
  const page = readFileSync(join(docs, name), 'utf8');
  let filled = page;
  for (const part of partNames(page)) {
    // Benchmarks write these when they run.
    if (part.startsWith('bench')) continue;
    if (!(part in parts)) throw new Error(`${name}: nothing generates the part ${part}`);
    unused.delete(part);
    filled = fillPart(filled, part, parts[part]);
  }
  update(name, page, filled);
}
for (const [name, figure] of Object.entries(scalingFigures(measurements))) {
  const file = join('images', name);
  update(file, readFileSync(join(docs, file), 'utf8'), figure);
}
if (unused.size > 0) throw new Error(`No page has a part for ${[...unused].join(', ')}`);
if (stale.length > 0) {
  console.error(`Stale in docs/: ${stale.join(', ')}. Run \`npm run docs\`.`);
  process.exit(1);
}

function update(name, before, after) {
  if (before === after) return;
  if (process.argv.includes('--check')) stale.push(name);
  else writeFileSync(join(docs, name), after);
}
