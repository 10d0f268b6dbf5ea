/** The flags of `serve` as values of the tree, but for those that replace the engines. */
import { formatAddress, parseAddress } from './address.js';
import type { Applied } from './environment.js';
import { SERVE_FLAGS, type ServeFlags } from './flags.js';
import type { ConfigWarning } from './remark.js';
import {
  type Block,
  find,
  isBlock,
  isList,
  type Scalar,
  scalar,
  type Tree,
  textAt,
  withEntry,
  withItems,
  withValue,
} from './tree.js';

/** Comes after all engines are there. */
export function applyFlags(tree: Block, flags: ServeFlags): Applied {
  const warnings: ConfigWarning[] = [];
  let applied = withAddress(tree, flags);
  if (flags.dataDir !== undefined) applied = withValue(applied, ['data_dir'], given('dataDir', flags.dataDir));
  if (flags.logLevel !== undefined)
    applied = withValue(applied, ['logger', 'level'], given('logLevel', flags.logLevel));
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

export function flagName(flag: keyof ServeFlags): string {
  return `--${SERVE_FLAGS[flag].name}`;
}

export function given(flag: keyof ServeFlags, value: string | number): Scalar {
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
