/** One key of the schema: how its text is read, and what else is known of it. */
import * as z from 'zod';
import type { ValueKind } from './values.js';

export interface Field {
  /** undefined: a list of blocks that no single text can give. */
  readonly kind: ValueKind<unknown> | undefined;
  readonly list: boolean;
  readonly help: string;
  /** As it is written in a file. */
  readonly default: string | readonly string[] | undefined;
  /** Shown in the example file where there is no default. */
  readonly example: string | undefined;
  /** The key in a file, where it does not follow from the name. */
  readonly key: string | undefined;
}

interface Extra {
  readonly example?: string;
  readonly key?: string;
}

const fields = new WeakMap<z.core.$ZodType, Field>();
const keys = new WeakMap<z.core.$ZodType, string>();

/** The field that `schema` was declared as, if it is one. */
export function fieldOf(schema: z.core.$ZodType): Field | undefined {
  return fields.get(schema);
}

/** The key in a file that was stated for a block or a field. */
export function statedKey(schema: z.core.$ZodType): string | undefined {
  return keys.get(schema) ?? fields.get(schema)?.key;
}

/** A block whose key in a file does not follow from its name. */
export function spelt<T extends z.core.$ZodType>(key: string, block: T): T {
  keys.set(block, key);
  return block;
}

export function withDefault<T>(kind: ValueKind<T>, byDefault: string, help: string, extra: Extra = {}) {
  return declare(reader(kind).prefault(byDefault), describe(kind, help, extra, byDefault));
}

export function required<T>(kind: ValueKind<T>, help: string, extra: Extra = {}) {
  return declare(reader(kind), describe(kind, help, extra));
}

/** An empty text means the same as no key. */
export function optional<T>(kind: ValueKind<T>, help: string, extra: Extra = {}) {
  const schema = z
    .string({ error: `expected ${kind.expected}` })
    .optional()
    .transform((text, context): T | undefined => (text ? read(kind, text, context) : undefined));
  return declare(schema, describe(kind, help, extra));
}

export function listOf<T>(kind: ValueKind<T>, byDefault: readonly string[], help: string, extra: Extra = {}) {
  const schema = z.array(reader(kind), { error: 'expected a list' }).prefault([...byDefault]);
  return declare(schema, { ...describe(kind, help, extra), list: true, default: byDefault });
}

/** A list of blocks. With `kind`, an item may also be one text, which `shorthand.ts` turns into a block. */
export function blocks<T extends z.ZodType>(item: T, help: string, kind?: ValueKind<string>) {
  const schema = z.array(item, { error: 'expected a list' }).prefault([]);
  return declare(schema, { kind, list: true, help, default: [], example: undefined, key: undefined });
}

export function literal<const T extends string>(kind: ValueKind<string>, word: T, help: string) {
  return declare(z.literal(word), describe(kind, help, { example: word }));
}

function declare<T extends z.core.$ZodType>(schema: T, field: Field): T {
  fields.set(schema, field);
  return schema;
}

function describe(kind: ValueKind<unknown>, help: string, extra: Extra, byDefault?: string): Field {
  return { kind, list: false, help, default: byDefault, example: extra.example, key: extra.key };
}

function reader<T>(kind: ValueKind<T>) {
  const error = (issue: { readonly input?: unknown }) =>
    issue.input === undefined ? `is missing, expected ${kind.expected}` : `expected ${kind.expected}`;
  return z.string({ error }).transform((text, context): T => read(kind, text, context));
}

function read<T>(kind: ValueKind<T>, text: string, context: z.RefinementCtx): T {
  const reading = kind.read(text);
  if ('value' in reading) return reading.value;
  const got = text === '' ? 'is empty' : `got ${JSON.stringify(text)}`;
  context.addIssue({ code: 'custom', message: kind.secret ? reading.wrong : `${got}, ${reading.wrong}` });
  return z.NEVER;
}
