/** A YAML text as a tree of what was written and where. */
import { type Document, isAlias, isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { appendStep, type Remark } from './remark.js';
import { type Block, block, type Entry, isBlock, list, type Place, scalar, type Tree } from './tree.js';

export interface YamlTree {
  readonly tree: Block;
  readonly problems: readonly Remark[];
  readonly warnings: readonly Remark[];
}

/** Aliases can nest without end, or grow a few lines into millions of nodes. */
const DEPTH_MAX = 32;
const NODES_MAX = 100_000;

/** `file` is the name that places carry. */
export function readYaml(text: string, file: string): YamlTree {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const placeOf = (offset: number, key: string): Place => {
    const { line, col } = lines.linePos(offset);
    return { source: 'file', file, line: Math.max(line, 1), column: Math.max(col, 1), key };
  };
  const remark = (error: { pos: [number, number]; message: string }): Remark => ({
    at: placeOf(error.pos[0], ''),
    key: '',
    message: error.message,
  });
  const warnings = document.warnings.map(remark);
  const empty = block({}, placeOf(0, ''));
  if (document.errors.length > 0) return { tree: empty, problems: document.errors.map(remark), warnings };

  const reader = new Reader(document, placeOf);
  const tree = reader.read(document.contents, '', 0);
  const problems = [...reader.problems];
  if (tree && !isBlock(tree)) problems.push({ at: tree.at, key: '', message: 'expected a block of keys at the top' });
  return { tree: isBlock(tree) ? tree : empty, problems, warnings };
}

class Reader {
  readonly problems: Remark[] = [];
  readonly #document: Document;
  readonly #placeOf: (offset: number, key: string) => Place;
  #nodes = 0;
  #tooLarge = false;

  constructor(document: Document, placeOf: (offset: number, key: string) => Place) {
    this.#document = document;
    this.#placeOf = placeOf;
  }

  /** undefined for an empty value and for `null`. */
  read(node: unknown, key: string, depth: number): Tree | undefined {
    const at = this.#placeOf(startOf(node), key);
    if (isAlias(node)) return this.read(node.resolve(this.#document), key, depth + 1);
    if (depth > DEPTH_MAX || ++this.#nodes > NODES_MAX) {
      if (!this.#tooLarge) this.problems.push({ at, key, message: 'nested too deep or too large' });
      this.#tooLarge = true;
      return undefined;
    }
    if (isMap(node)) return { at, entries: this.#entries(node.items, key, depth) };
    if (isSeq(node)) {
      const read = (item: unknown, index: number) => {
        const itemKey = appendStep(key, index);
        return this.read(item, itemKey, depth + 1) ?? scalar('', this.#placeOf(startOf(item, startOf(node)), itemKey));
      };
      return list(node.items.map(read), at);
    }
    if (!isScalar(node) || node.value === null) return undefined;
    return scalar(typeof node.value === 'string' ? node.value : (node.source ?? String(node.value)), at);
  }

  #entries(pairs: readonly unknown[], key: string, depth: number): Map<string, Entry> {
    const entries = new Map<string, Entry>();
    const merged: Block[] = [];
    for (const pair of pairs) {
      if (!isPair(pair)) continue;
      const name = isScalar(pair.key) ? String(pair.key.source ?? pair.key.value) : undefined;
      if (name === undefined) {
        const at = this.#placeOf(startOf(pair.key), key);
        this.problems.push({ at, key, message: 'expected a plain word as the key' });
        continue;
      }
      const path = appendStep(key, name);
      const tree = this.read(pair.value, name === '<<' ? key : path, depth + 1);
      if (name === '<<' && isBlock(tree)) merged.push(tree);
      else entries.set(name, { keyAt: this.#placeOf(startOf(pair.key), path), tree });
    }
    for (const { entries: defaults } of merged) {
      for (const [name, entry] of defaults) if (!entries.has(name)) entries.set(name, entry);
    }
    return entries;
  }
}

function startOf(node: unknown, otherwise = 0): number {
  return (node as Node | null | undefined)?.range?.[0] ?? otherwise;
}
