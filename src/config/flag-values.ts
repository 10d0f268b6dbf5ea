/** The flags of `serve` as values of the tree. */
import { formatAddress, parseAddress } from './address.js';
import type { Applied } from './environment.js';
import { SERVE_FLAGS, type ServeFlags } from './flags.js';
import { isReferenceDefault } from './legacy.js';
import { modelNameOf } from './model-name.js';
import type { ConfigWarning } from './remark.js';
import { freeName } from './shorthand.js';
import {
  type Block,
  block,
  find,
  isBlock,
  isList,
  list,
  type Place,
  type Scalar,
  scalar,
  type Tree,
  textAt,
  withEntry,
  withItems,
  withValue,
} from './tree.js';

export function applyFlags(tree: Block, flags: ServeFlags): Applied {
  const warnings: ConfigWarning[] = [];
  let applied = withAddress(tree, flags);
  if (flags.dataDir !== undefined) applied = withValue(applied, ['data_dir'], given('dataDir', flags.dataDir));
  if (flags.logLevel !== undefined)
    applied = withValue(applied, ['logger', 'level'], given('logLevel', flags.logLevel));
  applied = withFlagEngines(applied, flags);
  for (const name of ['llamaServer', 'slots'] as const) {
    const value = flags[name];
    if (value === undefined) continue;
    const fits = (engine: Tree) => name === 'slots' || textAt(engine, ['kind']) === 'llama-server';
    const key = name === 'slots' ? 'slots' : 'bin';
    const engines = find(applied, ['engines']);
    if (!isList(engines) || !engines.items.some(fits)) {
      warnings.push({ where: flagName(name), key: '', message: 'ignored, no engine is configured that it could set' });
    }
    applied = withItems(applied, 'engines', (engine) =>
      isBlock(engine) && fits(engine) ? withEntry(engine, key, given(name, value)) : engine,
    );
  }
  return { tree: applied, warnings };
}

function flagName(flag: keyof ServeFlags): string {
  return `--${SERVE_FLAGS[flag].name}`;
}

function given(flag: keyof ServeFlags, value: string | number): Scalar {
  return scalar(String(value), { source: 'flag', name: flagName(flag) });
}

/** `--host` and `--port` each replace their half of the address. */
function withAddress(tree: Block, flags: ServeFlags): Block {
  if (flags.host === undefined && flags.port === undefined) return tree;
  const written = parseAddress(textAt(tree, ['server', 'addr']) ?? ':8081');
  const port = flags.port ?? written?.port;
  // The address in the file is no address: its own report is enough.
  if (port === undefined) return tree;
  const host = flags.host === undefined ? written?.host : flags.host.replace(/^\[(.*)\]$/, '$1');
  const addr = formatAddress({ host, port });
  return withValue(tree, ['server', 'addr'], given(flags.port === undefined ? 'host' : 'port', addr));
}

/**
 * `--model`, `--upstream` and `--ollama-host` replace the engines of the file, and with them what the reference form
 * brought along. The last one keeps the timeout of the file's `ollama` section.
 */
function withFlagEngines(tree: Block, flags: ServeFlags): Block {
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
