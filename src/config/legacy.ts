/**
 * The spellings of the reference gateway's file (a Go program with `engine`, `queue`, `server` and `logger`), turned
 * into ours; those of the reference task queue stand in `legacy-queue.ts`. Such a file means here what it means there, with two exceptions that its users complained about: `~` is
 * expanded, and without `ready_pattern` an engine is ready when its /health says so, not when a log line says "ready".
 */
import { rewriteQueueFile } from './legacy-queue.js';
import type { Remark } from './remark.js';
import {
  type Block,
  child,
  DEFAULT_PLACE,
  find,
  isBlock,
  list,
  scalar,
  type Tree,
  withEntry,
  withValue,
} from './tree.js';

export interface Rewritten {
  readonly tree: Block;
  readonly problems: readonly Remark[];
  readonly warnings: readonly Remark[];
}

/** What the reference takes where a key is absent, and we would not. */
const ENGINE_DEFAULTS = {
  kind: 'llama-server',
  name: 'engine',
  bin: './bin/llama-server',
  base_url: 'http://127.0.0.1:8080',
} as const;

export const LOGGER_KEYS: Readonly<Record<string, string>> = {
  'log-path': 'file',
  log_path: 'file',
  'log-level': 'level',
  log_level: 'level',
  'max-size': 'max_size',
  'max-age': 'max_age',
};

export function rewriteLegacy(tree: Block): Rewritten {
  const logger = rewriteLogger(tree);
  const queueFile = rewriteQueueFile(logger.tree);
  const engine = rewriteEngine(queueFile.tree);
  return {
    tree: engine.tree,
    problems: [...logger.problems, ...engine.problems],
    warnings: [...logger.warnings, ...queueFile.warnings, ...engine.warnings],
  };
}

/** True for a value that stands in for the reference's own default. */
export function isReferenceDefault(tree: Tree | undefined): boolean {
  return tree?.at === DEFAULT_PLACE;
}

function rewriteLogger(tree: Block): Rewritten {
  const warnings: Remark[] = [];
  const found = child(tree, 'logger');
  if (!isBlock(found)) return { tree, problems: [], warnings };
  const entries = new Map(found.entries);
  for (const [written, ours] of Object.entries(LOGGER_KEYS)) {
    const entry = entries.get(written);
    if (!entry) continue;
    entries.delete(written);
    if (!entries.has(ours)) entries.set(ours, entry);
    else warnings.push({ at: entry.keyAt, key: `logger.${written}`, message: `ignored, "${ours}" is set as well` });
  }
  return { tree: withEntry(tree, 'logger', { ...found, entries }), problems: [], warnings };
}

/** `engine:` is the one-element form of `engines:`; without `kind` it is the reference's block. */
function rewriteEngine(tree: Block): Rewritten {
  const entry = tree.entries.get('engine');
  if (!entry) return { tree, problems: [], warnings: [] };
  const rest = withEntry(tree, 'engine', undefined);
  const problem = (message: string): Rewritten => ({
    tree: rest,
    problems: [{ at: entry.keyAt, key: 'engine', message }],
    warnings: [],
  });
  if (child(tree, 'engines')) return problem('expected either "engine" or "engines", not both');
  // The key without a value: the reference starts its default engine.
  const engine: Tree = entry.tree ?? { at: entry.keyAt, entries: new Map() };
  if (!isBlock(engine)) return problem('expected a block of keys');
  const isReferenceForm = !child(engine, 'kind');
  const rewritten = isReferenceForm ? withReferenceDefaults(rest, engine) : { tree: rest, engine };
  const engines = list([rewritten.engine], engine.at);
  return { tree: withEntry(rewritten.tree, 'engines', engines), problems: [], warnings: [] };
}

function withReferenceDefaults(tree: Block, engine: Block): { tree: Block; engine: Block } {
  let filled = engine;
  for (const [key, text] of Object.entries(ENGINE_DEFAULTS)) {
    if (!child(filled, key)) filled = withEntry(filled, key, scalar(text, DEFAULT_PLACE));
  }
  const isSet = find(tree, ['queue', 'max_concurrency']) !== undefined;
  return {
    tree: isSet ? tree : withValue(tree, ['queue', 'max_concurrency'], scalar('1', DEFAULT_PLACE)),
    engine: filled,
  };
}
