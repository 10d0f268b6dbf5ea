/**
 * What was written, and where: the common form of a file, of environment variables and of flags, before anything is
 * known about keys. Every scalar is kept as its source text, so that `args: [-c, 4096]` stays two strings and a value
 * means the same in a file, in a variable and in a flag.
 */

export type Place =
  | {
      readonly source: 'file';
      readonly file: string;
      readonly line: number;
      readonly column: number;
      readonly key: string;
    }
  | { readonly source: 'env'; readonly name: string }
  | { readonly source: 'flag'; readonly name: string }
  /** Put there by gollama itself. */
  | { readonly source: 'default' };

export interface Scalar {
  readonly at: Place;
  readonly text: string;
}

export interface List {
  readonly at: Place;
  readonly items: readonly Tree[];
}

export interface Block {
  readonly at: Place;
  readonly entries: ReadonlyMap<string, Entry>;
}

export interface Entry {
  readonly keyAt: Place;
  /** undefined: the key stands there without a value, which means its default. */
  readonly tree: Tree | undefined;
}

export type Tree = Scalar | List | Block;

export type Path = readonly (string | number)[];

export const DEFAULT_PLACE: Place = { source: 'default' };

export function scalar(text: string, at: Place): Scalar {
  return { text, at };
}

export function list(items: readonly Tree[], at: Place): List {
  return { items, at };
}

/** A block whose keys stand where their values stand; undefined values are left out. */
export function block(values: Readonly<Record<string, Tree | undefined>>, at: Place): Block {
  const entries = new Map<string, Entry>();
  for (const [key, tree] of Object.entries(values)) if (tree) entries.set(key, { keyAt: tree.at, tree });
  return { entries, at };
}

export function isScalar(tree: Tree | undefined): tree is Scalar {
  return tree !== undefined && 'text' in tree;
}

export function isList(tree: Tree | undefined): tree is List {
  return tree !== undefined && 'items' in tree;
}

export function isBlock(tree: Tree | undefined): tree is Block {
  return tree !== undefined && 'entries' in tree;
}

export function child(tree: Tree | undefined, step: string | number): Tree | undefined {
  if (isBlock(tree)) return tree.entries.get(String(step))?.tree;
  return isList(tree) && typeof step === 'number' ? tree.items[step] : undefined;
}

export function find(tree: Tree | undefined, path: Path): Tree | undefined {
  return path.reduce(child, tree);
}

/** The text of the scalar at `path`. */
export function textAt(tree: Tree | undefined, path: Path): string | undefined {
  const found = find(tree, path);
  return isScalar(found) ? found.text : undefined;
}

/** `tree` with `value` at `key`; undefined takes the key away. */
export function withEntry(tree: Block, key: string, value: Tree | undefined): Block {
  const entries = new Map(tree.entries);
  if (value) entries.set(key, { keyAt: value.at, tree: value });
  else entries.delete(key);
  return { ...tree, entries };
}

/** `tree` with `value` at `path`; blocks on the way are made. What is no block there stays, to be told as what it is. */
export function withValue(tree: Block, path: readonly string[], value: Tree): Block {
  const [key, ...rest] = path;
  if (key === undefined) return tree;
  if (rest.length === 0) return withEntry(tree, key, value);
  const below = child(tree, key) ?? block({}, value.at);
  return isBlock(below) ? withEntry(tree, key, withValue(below, rest, value)) : tree;
}

/** `tree` with every item of the list at `key` passed through `change`. */
export function withItems(tree: Block, key: string, change: (item: Tree, index: number) => Tree): Block {
  const found = child(tree, key);
  return isList(found) ? withEntry(tree, key, { ...found, items: found.items.map(change) }) : tree;
}
