/** A tree of what was written as the input that the schema reads: keys renamed, unknown ones named, paths expanded. */
import type * as z from 'zod';
import { nearest } from '../base/nearest.js';
import { type Field, fieldOf } from './field.js';
import { expandHome, expandHomeInArgument } from './home-path.js';
import { itemOf, membersOf } from './keys.js';
import { appendStep, type Remark } from './remark.js';
import { type Block, child, isBlock, isList, isScalar, type Tree, textAt } from './tree.js';

type Schema = z.core.$ZodType;

export interface Input {
  readonly input: unknown;
  readonly warnings: readonly Remark[];
}

export function toInput(schema: Schema, tree: Tree, home: string): Input {
  const warnings: Remark[] = [];
  const input = new InputReader(home, warnings).read(schema, tree, '');
  return { input, warnings };
}

class InputReader {
  readonly #home: string;
  readonly #warnings: Remark[];

  constructor(home: string, warnings: Remark[]) {
    this.#home = home;
    this.#warnings = warnings;
  }

  read(schema: Schema, tree: Tree, path: string): unknown {
    const field = fieldOf(schema);
    if (isScalar(tree)) return field ? this.#expanded(tree.text, field) : tree.text;
    if (isBlock(tree)) return this.#block(schema, tree, path);
    if (!isList(tree)) return undefined;
    return tree.items.map((item, index) => {
      const itemSchema = itemOf(schema, textAt(item, ['kind']));
      if (itemSchema) return this.read(itemSchema, item, appendStep(path, index));
      if (isScalar(item)) return field ? this.#expanded(item.text, field) : item.text;
      return isBlock(item) ? { kind: textAt(item, ['kind']) } : [];
    });
  }

  #block(schema: Schema, tree: Block, path: string): Record<string, unknown> {
    const members = membersOf(schema);
    const input: Record<string, unknown> = {};
    if (members.size === 0) return input;
    for (const [key, entry] of tree.entries) {
      const member = members.get(key);
      if (!member) this.#warnings.push(unknownKey(entry.keyAt, key, appendStep(path, key), members.keys()));
      else if (entry.tree) input[member.name] = this.read(member.schema, entry.tree, appendStep(path, key));
    }
    return input;
  }

  #expanded(text: string, field: Field): string {
    if (field.kind?.name === 'path') return expandHome(text, this.#home);
    return field.kind?.name === 'argument' ? expandHomeInArgument(text, this.#home) : text;
  }
}

function unknownKey(at: Remark['at'], key: string, path: string, known: Iterable<string>): Remark {
  const likely = nearest(key.replaceAll('-', '_'), known);
  const suggestion = likely ? ` (did you mean "${likely}"?)` : '';
  return { at, key: path, message: `unknown key, ignored${suggestion}` };
}

/** A key that the schema knows, what stands there (undefined: its default), and its field. */
export type KnownKey = readonly [key: string, tree: Tree | undefined, field: Field];

/** Every key of the schema, and of every item in a list of blocks, in the order of the schema. */
export function placesOf(schema: Schema, tree: Tree | undefined, path = ''): KnownKey[] {
  const field = fieldOf(schema);
  if (!field) {
    const members = [...membersOf(schema)];
    return members.flatMap(([key, member]) => placesOf(member.schema, child(tree, key), appendStep(path, key)));
  }
  const items = isList(tree) ? tree.items : [];
  const below = items.flatMap((item, index) => {
    const itemSchema = itemOf(schema, textAt(item, ['kind']));
    return itemSchema ? placesOf(itemSchema, item, appendStep(path, index)) : [];
  });
  return [[path, tree, field], ...below];
}
