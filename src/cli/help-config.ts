/** Every key of the configuration, from the schema. */
import type * as z from 'zod';
import { type Field, fieldOf } from '../config/field.js';
import { itemOf, kindsOf, leaves, membersOf } from '../config/keys.js';
import { configSchema } from '../config/schema.js';

export interface HelpKey {
  /** `engines[].slots` for every item of a list. */
  readonly key: string;
  /** As a file would write it; null: none. */
  readonly default: string | null;
  readonly help: string;
  /** The value of `kind` in blocks that have the key; null: it does not depend on that. */
  readonly kind: string | null;
}

export interface KeyGroup {
  readonly title: string;
  readonly keys: readonly HelpKey[];
}

export function keyGroups(): KeyGroup[] {
  const top = leaves().map(({ path, field }) => helpKey(path.join('.'), field));
  return [{ title: 'Keys', keys: top }, ...leaves().flatMap(({ path }) => itemGroups(path))];
}

/** The keys of the blocks in a list, kind by kind. */
function itemGroups(path: readonly string[]): KeyGroup[] {
  const schema = schemaAt(path);
  if (schema === undefined) return [];
  const key = `${path.join('.')}[]`;
  const only = itemOf(schema, undefined);
  if (only) return [{ title: `Each of ${path.join('.')}`, keys: blockKeys(key, only, null) }];
  return [...kindsOf(schema)].map(([kind, item]) => ({
    title: `Each of ${path.join('.')} with kind: ${kind}`,
    keys: blockKeys(key, item, kind),
  }));
}

function blockKeys(prefix: string, block: z.core.$ZodType, kind: string | null): HelpKey[] {
  return [...membersOf(block)].flatMap(([name, { schema }]) => {
    const field = fieldOf(schema);
    return field ? [helpKey(`${prefix}.${name}`, field, kind)] : [];
  });
}

function helpKey(key: string, field: Field, kind: string | null = null): HelpKey {
  const byDefault =
    typeof field.default === 'string' ? field.default : field.default && `[${field.default.join(', ')}]`;
  return { key, default: byDefault ?? null, help: field.help, kind };
}

function schemaAt(path: readonly string[]): z.core.$ZodType | undefined {
  let schema: z.core.$ZodType | undefined = configSchema;
  for (const key of path) schema = schema && membersOf(schema).get(key)?.schema;
  return schema;
}
