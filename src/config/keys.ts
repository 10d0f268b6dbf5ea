/** The keys of a file and the names of variables, as they follow from the schema. */
import * as z from 'zod';
import { type Field, fieldOf, statedKey } from './field.js';
import { configSchema } from './schema.js';
import type { Path } from './tree.js';

type Schema = z.core.$ZodType;

export interface Member {
  /** The name in `Config`. */
  readonly name: string;
  readonly schema: Schema;
}

const UNIT = /(Ms|Bytes|Mb|Days)$/;

/** `waitTimeoutMs` is `wait_timeout` in a file. */
function keyOf(name: string, schema: Schema): string {
  return statedKey(schema) ?? name.replace(UNIT, '').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The members of a block by their key in a file; empty where `schema` is no block. */
export function membersOf(schema: Schema): Map<string, Member> {
  const members = new Map<string, Member>();
  const bare = withoutDefault(schema);
  if (!(bare instanceof z.ZodObject)) return members;
  for (const [name, member] of Object.entries(bare.shape)) members.set(keyOf(name, member), { name, schema: member });
  return members;
}

/** The schema of the items where `schema` is a list of blocks, as `kind` of the item decides. */
export function itemOf(schema: Schema, kind: string | undefined): Schema | undefined {
  const bare = withoutDefault(schema);
  if (!(bare instanceof z.ZodArray)) return undefined;
  const item = bare.element;
  if (item instanceof z.ZodObject) return item;
  if (!(item instanceof z.ZodDiscriminatedUnion)) return undefined;
  return kindsOf(schema).get(kind ?? '');
}

/** The kinds of block that a list takes, by the value of `kind`. */
export function kindsOf(schema: Schema): Map<string, Schema> {
  const kinds = new Map<string, Schema>();
  const bare = withoutDefault(schema);
  const item = bare instanceof z.ZodArray ? bare.element : undefined;
  if (!(item instanceof z.ZodDiscriminatedUnion)) return kinds;
  for (const option of item.options) {
    if (!(option instanceof z.ZodObject)) continue;
    const kind: unknown = option.shape.kind;
    if (kind instanceof z.ZodLiteral) kinds.set(String(kind.value), option);
  }
  return kinds;
}

export interface Leaf {
  readonly path: readonly string[];
  readonly field: Field;
  /** The variable that sets it; undefined where no single text can. */
  readonly env: string | undefined;
}

/** Every key that stands outside of lists, in the order of the schema. */
export function leaves(schema: Schema = configSchema, path: readonly string[] = []): Leaf[] {
  const field = fieldOf(schema);
  if (field) return [{ path, field, env: field.kind ? envName(path) : undefined }];
  return [...membersOf(schema)].flatMap(([key, member]) => leaves(member.schema, [...path, key]));
}

/** A path of names in `Config` (as zod reports it) as a path of keys in a file. */
export function toKeys(path: readonly PropertyKey[], schema: Schema | undefined = configSchema): Path {
  const [step, ...rest] = path;
  if (step === undefined) return [];
  if (typeof step === 'number') {
    const options = schema ? [itemOf(schema, undefined), ...kindsOf(schema).values()] : [];
    const item = options.find((option) => option && (rest.length === 0 || hasName(option, rest[0])));
    return [step, ...toKeys(rest, item)];
  }
  const found = schema ? [...membersOf(schema)].find(([, member]) => member.name === step) : undefined;
  return [found?.[0] ?? String(step), ...toKeys(rest, found?.[1].schema)];
}

function envName(path: readonly string[]): string {
  return `GOLLAMA_${path.join('_').toUpperCase()}`;
}

function hasName(schema: Schema, name: PropertyKey | undefined): boolean {
  return [...membersOf(schema).values()].some((member) => member.name === name);
}

function withoutDefault(schema: Schema): Schema {
  return schema instanceof z.ZodPrefault ? schema.unwrap() : schema;
}
