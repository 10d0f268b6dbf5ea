/** The keys that `gollama config set` takes: how they are written, which there are, and under which name a file has one. */
import type * as z from 'zod';
import { GollamaError } from '../base/errors.js';
import { nearest } from '../base/nearest.js';
import { type Field, fieldOf } from './field.js';
import { itemOf, kindsOf, leaves, membersOf } from './keys.js';
import { LOGGER_KEYS } from './legacy.js';
import { FLAT, NESTED, NO_EFFECT } from './legacy-queue.js';
import { appendStep } from './remark.js';
import { configSchema } from './schema.js';
import { type Block, find, isBlock, type Path, textAt } from './tree.js';

/** What a value at a key has to be. */
export interface Target {
  /** As our own file spells it. */
  readonly path: Path;
  /** undefined: a block of keys. */
  readonly field: Field | undefined;
  /** One item of the field's list. */
  readonly isItem: boolean;
}

interface Spelling {
  readonly written: Path;
  readonly ours: Path;
}

/** `engines[0].slots`, also `engines.0.slots`. Throws GollamaError `usage`. */
export function parseKey(text: string): Path {
  const dotted = text.replace(/\[(\d+)\]/g, '.$1').split('.');
  if (dotted.some((step) => !/^[\w-]+$/.test(step))) {
    throw new GollamaError('usage', `"${text}" is no key`, {
      hint: 'keys are written as queue.max_waiting or engines[0].slots',
    });
  }
  return dotted.map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}

export function formatKey(path: Path): string {
  return path.reduce<string>((text, step) => appendStep(text, step), '');
}

/** What the schema knows of the key that the user typed, in our spelling or in the reference's. Throws GollamaError `usage`. */
export function targetOf(typed: Path, file: Block): Target {
  const path = ownPath(typed, file);
  let schema: z.core.$ZodType = configSchema;
  for (const [at, step] of path.entries()) {
    const parent = path.slice(0, at);
    const field = fieldOf(schema);
    if (typeof step === 'number') {
      if (!field?.list) throw unknownKey(path, at, []);
      const next = itemSchema(schema, textAt(find(file, [...parent, step]), ['kind']), path[at + 1]);
      if (next === undefined && at < path.length - 1) throw unknownKey(path, at + 1, memberKeys(schema));
      if (next === undefined || at === path.length - 1) return { path, field, isItem: true };
      schema = next;
      continue;
    }
    const members = membersOf(schema);
    const member = members.get(step);
    if (!member) throw unknownKey(path, at, [...members.keys()]);
    schema = member.schema;
  }
  return { path, field: fieldOf(schema), isItem: false };
}

/** Where the file has the key already, or where it would have it. */
export function writtenPath(ours: Path, file: Block): Path {
  const candidates = [
    ours,
    ...spellings().flatMap((spelling) => (same(spelling.ours, ours) ? [spelling.written] : [])),
  ];
  const found = candidates.find((path) => stands(file, path));
  if (found) return found;
  return usesSingleEngine(file) && ours[0] === 'engines' && ours[1] === 0 ? ['engine', ...ours.slice(2)] : ours;
}

/** `engine.slots` is `engines[0].slots`; `listen_addr` is `server.addr`. */
function ownPath(typed: Path, file: Block): Path {
  if (typed[0] === 'engine') return ['engines', 0, ...typed.slice(1)];
  const key = formatKey(typed);
  const isKnown = typed.length === 1 ? key in FLAT : key in (NESTED[String(typed[0])] ?? {});
  const spelling = spellings().find(({ written }) => same(written, typed));
  if (spelling) return spelling.ours;
  const [section, name] = typed;
  const isEmpty = isKnown || (typed.length === 2 && String(name) in (NESTED[String(section)] ?? {}));
  if (isEmpty && !stands(file, typed)) throw new GollamaError('usage', `${key} ${NO_EFFECT}`);
  return typed;
}

function spellings(): Spelling[] {
  const flat = Object.entries(FLAT).map(([key, ours]) => ({ written: [key], ours }));
  const nested = Object.entries(NESTED).flatMap(([section, keys]) =>
    Object.entries(keys).map(([key, ours]) => ({ written: [section, key], ours })),
  );
  const logger = Object.entries(LOGGER_KEYS).map(([key, ours]) => ({
    written: ['logger', key],
    ours: ['logger', ours],
  }));
  return [...flat, ...nested, ...logger].flatMap(({ written, ours }) => (ours ? [{ written, ours }] : []));
}

function same(one: Path, other: Path): boolean {
  return one.length === other.length && one.every((step, at) => step === other[at]);
}

function usesSingleEngine(file: Block): boolean {
  return file.entries.has('engine') && !file.entries.has('engines');
}

/** Also a key without a value. */
function stands(file: Block, path: Path): boolean {
  const last = path.at(-1);
  const parent = find(file, path.slice(0, -1));
  if (typeof last === 'number') return find(file, path) !== undefined;
  return isBlock(parent) && parent.entries.has(String(last));
}

/** Of an item whose kind is not said yet, the first kind that has the key. */
function itemSchema(list: z.core.$ZodType, kind: string | undefined, key: string | number | undefined) {
  const known = itemOf(list, kind);
  if (known) return known;
  const kinds = [...kindsOf(list).values()];
  return kinds.find((schema) => membersOf(schema).has(String(key))) ?? (key === undefined ? kinds[0] : undefined);
}

function memberKeys(list: z.core.$ZodType): string[] {
  return [...kindsOf(list).values()].flatMap((schema) => [...membersOf(schema).keys()]);
}

function unknownKey(path: Path, at: number, siblings: readonly string[]): GollamaError {
  const key = formatKey(path);
  const step = String(path[at]);
  const sibling = nearest(step.replaceAll('-', '_'), siblings);
  const whole = leaves().map((leaf) => leaf.path.join('.'));
  const likely =
    sibling !== undefined
      ? formatKey([...path.slice(0, at), sibling, ...path.slice(at + 1)])
      : (whole.find((known) => known.endsWith(`.${key}`)) ?? nearest(key, whole));
  return new GollamaError('usage', `unknown key: ${key}`, {
    hint: likely === undefined ? 'gollama help config lists all keys' : `did you mean "${likely}"?`,
  });
}
