/** Environment variables as values of the tree. An empty variable counts as one that is not set. */

import { nearest } from '../base/nearest.js';
import { type Leaf, leaves } from './keys.js';
import { isReferenceDefault } from './legacy.js';
import { NO_EFFECT } from './legacy-queue.js';
import type { ConfigWarning } from './remark.js';
import {
  type Block,
  child,
  isBlock,
  list,
  type Path,
  type Place,
  scalar,
  type Tree,
  textAt,
  withEntry,
  withItems,
  withValue,
} from './tree.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Applied {
  readonly tree: Block;
  readonly warnings: readonly ConfigWarning[];
}

/** The variables of the reference task queue, by our key. Those of Ollama itself: see `ollama-section.ts`. */
export const OLDER_NAMES: Readonly<Record<string, string>> = {
  'queue.max_workers': 'QUEUE_MAX_WORKERS',
  'queue.storage_path': 'QUEUE_STORAGE_PATH',
  'queue.cleanup_interval': 'QUEUE_CLEANUP_INTERVAL',
  'queue.max_completed_tasks': 'QUEUE_MAX_COMPLETED_TASKS',
  'retry_config.max_retries': 'RETRY_MAX_RETRIES',
  'retry_config.initial_delay': 'RETRY_INITIAL_DELAY',
  'retry_config.max_delay': 'RETRY_MAX_DELAY',
  'retry_config.backoff_factor': 'RETRY_BACKOFF_FACTOR',
  'logger.level': 'LOG_LEVEL',
  'logger.file': 'LOG_FILE',
};
const OLDER_WITHOUT_EFFECT = ['SCHEDULER_BATCH_SIZE', 'SCHEDULER_INTERVAL'];

export function applyEnvironment(tree: Block, env: Environment): Applied {
  const known = leaves().filter((leaf) => leaf.env !== undefined);
  let applied = tree;
  for (const leaf of known) {
    // Ours before that of the reference.
    for (const name of [leaf.env ?? '', OLDER_NAMES[leaf.path.join('.')] ?? '']) {
      const text = env[name];
      if (!text) continue;
      applied = withValue(applied, leaf.path, treeOf(leaf, name, text));
      break;
    }
  }
  return { tree: applied, warnings: [...withoutEffect(env), ...misspelt(known, env)] };
}

/** The environment without what would stand before a key of the file: to judge the file alone. */
export function withoutOverrides(env: Environment): Environment {
  const overriding = new Set([...leaves().flatMap((leaf) => leaf.env ?? []), ...Object.values(OLDER_NAMES)]);
  return Object.fromEntries(Object.entries(env).filter(([name]) => !overriding.has(name)));
}

/** The variable that stands before this key of the file, if one is set. */
export function overrideOf(path: Path, env: Environment): string | undefined {
  const key = path.join('.');
  const leaf = leaves().find((known) => known.path.join('.') === key);
  return [leaf?.env, OLDER_NAMES[key]].find((name) => name !== undefined && env[name]);
}

function treeOf(leaf: Leaf, name: string, text: string): Tree {
  const at: Place = { source: 'env', name };
  if (!leaf.field.list) return scalar(text, at);
  const items = text.split(',').map((item) => item.trim());
  return list(
    items.filter((item) => item !== '').map((item) => scalar(item, at)),
    at,
  );
}

/**
 * `$GOLLAMA_LLAMA_SERVER` is the executable of every llama-server engine that does not name one. It only fills a gap, so
 * it comes after the flags.
 */
export function withDefaultBin(tree: Block, env: Environment): Block {
  const bin = env.GOLLAMA_LLAMA_SERVER;
  if (!bin) return tree;
  return withItems(tree, 'engines', (engine) => {
    const named = child(engine, 'bin');
    const isOpen = named === undefined || isReferenceDefault(named);
    if (!isBlock(engine) || textAt(engine, ['kind']) !== 'llama-server' || !isOpen) return engine;
    return withEntry(engine, 'bin', scalar(bin, { source: 'env', name: 'GOLLAMA_LLAMA_SERVER' }));
  });
}

function withoutEffect(env: Environment): ConfigWarning[] {
  const set = OLDER_WITHOUT_EFFECT.filter((name) => env[name]);
  return set.map((name) => ({ where: `$${name}`, key: '', message: NO_EFFECT }));
}

/** Other GOLLAMA_ variables may hold keys and the like; only near misses of a section's keys are worth a word. */
function misspelt(known: readonly Leaf[], env: Environment): ConfigWarning[] {
  const names = known.flatMap((leaf) => leaf.env ?? []);
  const inSections = known.filter(({ path }) => path.length > 1);
  const sections = [...new Set(inSections.map(({ path }) => `GOLLAMA_${path[0]?.toUpperCase()}_`))];
  const warnings: ConfigWarning[] = [];
  for (const name of Object.keys(env)) {
    if (!sections.some((section) => name.startsWith(section)) || names.includes(name)) continue;
    const likely = nearest(name, names);
    if (likely)
      warnings.push({ where: `$${name}`, key: '', message: `unknown variable, ignored (did you mean ${likely}?)` });
  }
  return warnings;
}
