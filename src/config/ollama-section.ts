/**
 * `ollama: {host, timeout}`, the older queue's way to name its one engine, written out as an engine of kind `ollama`.
 * `$OLLAMA_HOST` and `$OLLAMA_TIMEOUT` say more only where that section is there: many have them set for other programs.
 */
import type { Environment } from './environment.js';
import { type Block, block, child, isBlock, isList, list, scalar, type Tree, withEntry } from './tree.js';

const KEYS = [
  { key: 'host', variable: 'OLLAMA_HOST', engineKey: 'base_url' },
  { key: 'timeout', variable: 'OLLAMA_TIMEOUT', engineKey: 'timeout' },
] as const;

/** Our own variables and `--ollama-host`, which are in the tree already, go before Ollama's variables. */
export function withOllamaEngine(tree: Block, env: Environment): Block {
  const written = child(tree, 'ollama');
  if (!isBlock(written)) return tree;
  const section = withVariables(written, env);
  const engine = KEYS.reduce(
    (filled, { key, engineKey }) => withEntry(filled, engineKey, given(section, key)),
    block({ kind: scalar('ollama', section.at) }, section.at),
  );
  const whole = withEntry(tree, 'ollama', section);
  const engines = child(tree, 'engines');
  // Engines that are no list have a report of their own.
  if (engines !== undefined && !isList(engines)) return whole;
  const items = engines?.items ?? [];
  return withEntry(whole, 'engines', list([...items, engine], engines?.at ?? section.at));
}

function withVariables(section: Block, env: Environment): Block {
  let filled = section;
  for (const { key, variable } of KEYS) {
    const found = child(section, key);
    const text = env[variable];
    if (!text || found?.at.source === 'flag' || found?.at.source === 'env') continue;
    filled = withEntry(filled, key, scalar(text, { source: 'env', name: variable }));
  }
  return filled;
}

/** An empty text means the same as no key. */
function given(section: Block, key: string): Tree | undefined {
  const found = child(section, key);
  return found && 'text' in found && found.text === '' ? undefined : found;
}
