/** A path of keys in a YAML document: what stands there, and where in the text. */
import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { GollamaError } from '../base/errors.js';
import { formatKey } from './edit-key.js';
import type { Path } from './tree.js';

export interface YamlPlace {
  /** The innermost collection on the path; undefined: the document is empty. */
  readonly container: YAMLMap | YAMLSeq | undefined;
  /** The pair in `container` that the path goes through, if it is there. */
  readonly pair: Pair | undefined;
  /** What stands at the path itself, or where it ends early without a value; undefined: nothing. */
  readonly node: Node | undefined;
  /** The steps below `pair`, or below `container` where there is none; empty: the path is there. */
  readonly missing: Path;
}

/** Throws GollamaError `usage` where the path leads through something that is no collection. */
export function placeIn(document: Document, path: Path): YamlPlace {
  let container: YAMLMap | YAMLSeq | undefined;
  let pair: Pair | undefined;
  let node = document.contents as Node | null;
  for (const [at, step] of path.entries()) {
    if (isEmpty(node) && isSeq(container)) throw notEditable(path.slice(0, at), false);
    if (isEmpty(node)) return { container, pair, node: node ?? undefined, missing: path.slice(at) };
    if (!isCollection(node)) throw notEditable(path.slice(0, at), isAlias(node));
    container = node as YAMLMap | YAMLSeq;
    pair = isMap(container) ? pairOf(container, step) : undefined;
    const next = isMap(container)
      ? (pair?.value as Node | null | undefined)
      : itemOf(container, step, path.slice(0, at));
    if (next === undefined && !pair) return { container, pair, node: undefined, missing: path.slice(at) };
    node = next ?? null;
  }
  return { container, pair, node: node ?? undefined, missing: [] };
}

/** Where the text of the node ends, without comments and line ends behind it. */
export function endOf(node: unknown): number {
  if (isPair(node)) return isEmpty(node.value as Node | null) ? endOf(node.key) : endOf(node.value);
  if (isCollection(node) && !node.flow && node.items.length > 0) return endOf(node.items.at(-1));
  return (node as Node | null | undefined)?.range?.[1] ?? 0;
}

export function isEmpty(node: Node | null | undefined): boolean {
  return node === null || node === undefined || (isScalar(node) && node.value === null && !node.source);
}

function pairOf(map: YAMLMap, step: string | number): Pair | undefined {
  return map.items.find(({ key }) => isScalar(key) && String(key.source ?? key.value) === String(step));
}

function itemOf(list: YAMLSeq | YAMLMap, step: string | number, path: Path): Node | null | undefined {
  if (!isSeq(list) || typeof step !== 'number') throw notEditable(path, false);
  if (step > list.items.length) {
    throw new GollamaError('usage', `${formatKey([...path, step])}: the list has ${list.items.length} items`, {
      hint: `the next one is ${formatKey([...path, list.items.length])}`,
    });
  }
  return list.items[step] as Node | null | undefined;
}

function notEditable(path: Path, isReference: boolean): GollamaError {
  const what = isReference ? 'stands in the file as a reference to another place' : 'is no block or list in the file';
  return new GollamaError('usage', `${formatKey(path)} ${what}`, { hint: 'change it in an editor' });
}
