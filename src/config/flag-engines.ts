/** The flags of `serve` that replace the engines. */
import { flagName, given } from './flag-values.js';
import type { ServeFlags } from './flags.js';
import { isReferenceDefault } from './legacy.js';
import { modelNameOf } from './model-name.js';
import { freeName } from './shorthand.js';
import { type Block, block, find, isBlock, list, type Place, type Tree, textAt, withEntry, withValue } from './tree.js';

/**
 * `--model`, `--upstream` and `--ollama-host` replace the engines of the file, and with them what the reference form
 * brought along. The last one keeps the timeout of the file's `ollama` section.
 */
export function withFlagEngines(tree: Block, flags: ServeFlags): Block {
  const engines: Tree[] = [];
  if (flags.model !== undefined) engines.push(modelEngine(flags.model));
  for (const url of flags.upstream ?? []) engines.push(upstreamEngine(url, engines));
  if (engines.length === 0 && flags.ollamaHost === undefined) return tree;
  const first = flags.model !== undefined ? 'model' : engines.length > 0 ? 'upstream' : 'ollamaHost';
  const at: Place = { source: 'flag', name: flagName(first) };
  const replaced = withOllamaHost(withEntry(tree, 'engines', list(engines, at)), flags.ollamaHost);
  const queue = find(replaced, ['queue']);
  const isReference = isReferenceDefault(find(queue, ['max_concurrency']));
  return isBlock(queue) && isReference
    ? withEntry(replaced, 'queue', withEntry(queue, 'max_concurrency', undefined))
    : replaced;
}

function withOllamaHost(tree: Block, host: string | undefined): Block {
  if (host === undefined) return withEntry(tree, 'ollama', undefined);
  return withValue(tree, ['ollama', 'host'], given('ollamaHost', host));
}

function modelEngine(file: string): Block {
  const flag = (text: string) => given('model', text);
  return block(
    {
      kind: flag('llama-server'),
      name: flag(modelNameOf(file)),
      model_path: flag(file),
    },
    flag('').at,
  );
}

function upstreamEngine(server: string, before: readonly Tree[]): Block {
  const url = /^[a-z]+:\/\//i.test(server) ? server : `http://${server}`;
  const taken = new Set(before.map((engine) => textAt(engine, ['name'])));
  const name = freeName(URL.canParse(url) ? new URL(url).host : 'upstream', taken);
  const flag = (text: string) => given('upstream', text);
  return block({ kind: flag('openai'), name: flag(name), base_url: flag(url) }, flag('').at);
}
