/** Environment variables as values of the tree. An empty variable counts as one that is not set. */

import { nearest } from '../base/nearest.js';
import { type Leaf, leaves } from './keys.js';
import { isReferenceDefault } from './legacy.js';
import type { ConfigWarning } from './remark.js';
import {
  type Block,
  child,
  isBlock,
  list,
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

export function applyEnvironment(tree: Block, env: Environment): Applied {
  const known = leaves().filter((leaf) => leaf.env !== undefined);
  let applied = tree;
  for (const leaf of known) {
    const text = env[leaf.env ?? ''];
    if (text) applied = withValue(applied, leaf.path, treeOf(leaf, text));
  }
  return { tree: applied, warnings: misspelt(known, env) };
}

function treeOf(leaf: Leaf, text: string): Tree {
  const at: Place = { source: 'env', name: leaf.env ?? '' };
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

/** Other GOLLAMA_ variables may hold keys and the like; only near misses of a section's keys are worth a word. */
function misspelt(known: readonly Leaf[], env: Environment): ConfigWarning[] {
  const names = known.flatMap((leaf) => leaf.env ?? []);
  const warnings: ConfigWarning[] = [];
  for (const name of Object.keys(env)) {
    if (!/^GOLLAMA_(SERVER|QUEUE|LOGGER)_/.test(name) || names.includes(name)) continue;
    const likely = nearest(name, names);
    if (likely)
      warnings.push({ where: `$${name}`, key: '', message: `unknown variable, ignored (did you mean ${likely}?)` });
  }
  return warnings;
}
