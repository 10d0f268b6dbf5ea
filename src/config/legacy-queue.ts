/**
 * The spellings of the reference task queue's file (a Go program in front of Ollama), nested and flat, turned into ours.
 * Such a file means an Ollama server, also where it does not name one.
 */
import type { Remark } from './remark.js';
import { type Block, block, child, DEFAULT_PLACE, type Entry, find, isBlock, withEntry } from './tree.js';

export interface RewrittenQueueFile {
  readonly tree: Block;
  readonly warnings: readonly Remark[];
}

type OurPath = readonly [section: string, key: string];

/** `undefined`: the key sets nothing here. */
export const FLAT: Readonly<Record<string, OurPath | undefined>> = {
  ollama_host: ['ollama', 'host'],
  ollama_timeout: ['ollama', 'timeout'],
  max_workers: ['queue', 'max_workers'],
  storage_path: ['queue', 'storage_path'],
  cleanup_interval: ['queue', 'cleanup_interval'],
  max_completed_tasks: ['queue', 'max_completed_tasks'],
  batch_size: undefined,
  scheduling_interval: undefined,
  log_level: ['logger', 'level'],
  log_file: ['logger', 'file'],
  listen_addr: ['server', 'addr'],
};

export const NESTED: Readonly<Record<string, Readonly<Record<string, OurPath | undefined>>>> = {
  scheduler: { batch_size: undefined, scheduling_interval: undefined },
  logging: { level: ['logger', 'level'], file: ['logger', 'file'] },
};

/** Sections that no other program's file has. */
const OWN_SECTIONS = ['ollama', 'scheduler'];

export const NO_EFFECT = 'has no effect: a task starts as soon as a slot is free';

export function rewriteQueueFile(tree: Block): RewrittenQueueFile {
  const move = new Move(tree);
  for (const [key, to] of Object.entries(FLAT)) move.flat(key, to);
  for (const [section, keys] of Object.entries(NESTED)) move.nested(section, keys);
  const isQueueFile =
    Object.keys(FLAT).some((key) => tree.entries.has(key)) ||
    OWN_SECTIONS.some((section) => isBlock(child(tree, section)));
  const hasEngine = tree.entries.has('engine') || ['engines', 'ollama'].some((key) => child(move.tree, key));
  return {
    tree: isQueueFile && !hasEngine ? withDefaultEngine(move.tree) : move.tree,
    warnings: move.warnings,
  };
}

function withDefaultEngine(tree: Block): Block {
  return withEntry(tree, 'ollama', block({}, DEFAULT_PLACE));
}

class Move {
  tree: Block;
  readonly warnings: Remark[] = [];

  constructor(tree: Block) {
    this.tree = tree;
  }

  flat(key: string, to: OurPath | undefined): void {
    const entry = this.tree.entries.get(key);
    if (!entry) return;
    this.tree = withEntry(this.tree, key, undefined);
    this.#put(entry, key, to);
  }

  nested(section: string, keys: Readonly<Record<string, OurPath | undefined>>): void {
    const found = child(this.tree, section);
    if (!isBlock(found)) return;
    let rest = found;
    for (const [key, to] of Object.entries(keys)) {
      const entry = found.entries.get(key);
      if (!entry) continue;
      rest = withEntry(rest, key, undefined);
      this.#put(entry, `${section}.${key}`, to);
    }
    // What is left there is unknown, and will be said to be.
    this.tree = withEntry(this.tree, section, rest.entries.size > 0 ? rest : undefined);
  }

  #put(entry: Entry, key: string, to: OurPath | undefined): void {
    const remark = (message: string) => this.warnings.push({ at: entry.keyAt, key, message });
    if (!to) return void remark(NO_EFFECT);
    if (!entry.tree) return;
    const [section, ours] = to;
    const found = child(this.tree, section);
    // A section that is no block has a report of its own.
    if (found && !isBlock(found)) return;
    if (find(found, [ours])) return void remark(`ignored, "${section}.${ours}" is set as well`);
    const entries = new Map(found?.entries ?? []).set(ours, entry);
    this.tree = withEntry(this.tree, section, { entries, at: found?.at ?? entry.keyAt });
  }
}
