/** A configuration as a file would say it: our keys, durations and sizes with units, secrets masked. */
import { Document, isCollection, isScalar, type Node, type Pair, visit } from 'yaml';
import type * as z from 'zod';
import type { ApiKeyConfig, Config, EngineConfig } from './config.js';
import { type Field, fieldOf } from './field.js';
import { itemOf, membersOf } from './keys.js';
import { appendStep } from './remark.js';
import { configSchema } from './schema.js';

type RenderedItem = Rendered | string | number | boolean;

export interface Rendered {
  [key: string]: RenderedItem | RenderedItem[];
}

/** Keys that hold no value are left out. */
export function renderConfig(config: Config): Rendered {
  const shown = {
    ...config,
    server: { ...config.server, apiKeys: config.server.apiKeys.map(shownKey) },
    engines: config.engines.map(shownEngine),
    webhooks: { ...config.webhooks, secret: config.webhooks.secret && masked(config.webhooks.secret) },
  };
  const rendered = renderBlock(configSchema, shown);
  const engines = Array.isArray(rendered.engines) ? rendered.engines : [];
  for (const [index, engine] of config.engines.entries()) {
    const key = engine.kind === 'simulated' ? undefined : engine.apiKey;
    const block = engines[index];
    if (key && typeof block === 'object' && !Array.isArray(block)) block.api_key = masked(key);
  }
  return rendered;
}

/** The library puts a comment on a list above its key, or behind its last item: it is moved behind the key. */
const MARK = '\u0001';
const ABOVE_A_LIST = new RegExp(`^( *)#${MARK}(.*)\\n *(.*)$`, 'gm');

/** As YAML; with `origins`, a comment behind every key tells where its value came from. */
export function renderYaml(config: Config, origins?: ReadonlyMap<string, string>): string {
  const document = new Document(renderConfig(config));
  if (origins) annotate(document, origins);
  const text = document.toString({ lineWidth: 0, flowCollectionPadding: false });
  return text.replace(ABOVE_A_LIST, '$1$3 # $2');
}

function renderBlock(schema: z.core.$ZodType, values: object): Rendered {
  const rendered: Rendered = {};
  const byName = new Map<string, unknown>(Object.entries(values));
  for (const [key, member] of membersOf(schema)) {
    const value = byName.get(member.name);
    if (value === undefined) continue;
    const field = fieldOf(member.schema);
    if (Array.isArray(value)) rendered[key] = value.map((item: unknown) => renderItem(member.schema, field, item));
    else if (field?.kind) rendered[key] = field.kind.write(value);
    else if (typeof value === 'object' && value !== null) rendered[key] = renderBlock(member.schema, value);
  }
  return rendered;
}

function renderItem(list: z.core.$ZodType, field: Field | undefined, item: unknown): RenderedItem {
  if (typeof item !== 'object' || item === null) return field?.kind?.write(item) ?? String(item);
  const schema = itemOf(list, 'kind' in item ? String(item.kind) : undefined);
  return schema ? renderBlock(schema, item) : {};
}

function shownKey({ sha256, ...key }: ApiKeyConfig): object {
  return { ...key, keySha256: `${sha256.slice(0, 8)}…` };
}

function shownEngine(engine: EngineConfig): object {
  if (engine.kind === 'simulated') return engine;
  const baseUrl = engine.baseUrl?.replace(/\/\/[^/@]*@/, '//****@');
  return engine.kind === 'llama-server'
    ? { ...engine, baseUrl, args: maskedArguments(engine.args) }
    : { ...engine, baseUrl };
}

/** The last four characters of a key that is long enough to keep the rest secret. */
function masked(key: string): string {
  return key.length >= 16 ? `****${key.slice(-4)}` : '****';
}

const SECRET_OPTION = /^--?(?:api-key|hf-token|hft|token|secret|password)(=|$)/;

function maskedArguments(args: readonly string[]): string[] {
  return args.map((argument, index) => {
    const own = SECRET_OPTION.exec(argument);
    if (own) return own[1] === '=' ? `${own[0]}****` : argument;
    return SECRET_OPTION.exec(args[index - 1] ?? '')?.[1] === '' ? '****' : argument;
  });
}

/** Keys that stand for what was read from other keys. */
const READ_FROM: Readonly<Record<string, readonly string[]>> = {
  key_sha256: ['key', 'key_env'],
  api_key: ['api_key_env', 'api_key_file'],
  secret: ['secret_env', 'secret_file'],
};

function annotate(document: Document, origins: ReadonlyMap<string, string>): void {
  visit(document, {
    Pair(_, pair, ancestors) {
      const parent = pathOf(ancestors);
      const key = String(isScalar(pair.key) ? pair.key.value : pair.key);
      const names = [key, ...(READ_FROM[key] ?? [])].map((name) => origins.get(appendStep(parent, name)));
      const origin = names.find((name) => name !== undefined && name !== 'default') ?? names[0];
      if (origin === undefined) return;
      if (isCollection(pair.value) && isScalar(pair.key)) pair.key.commentBefore = MARK + origin;
      else if (isScalar(pair.value)) pair.value.comment = ` ${origin}`;
    },
  });
}

function pathOf(ancestors: readonly (Document | Node | Pair)[]): string {
  let path = '';
  for (const [index, ancestor] of ancestors.entries()) {
    const next = ancestors[index + 1];
    if (!next || !('items' in ancestor)) {
      if ('key' in ancestor && isScalar(ancestor.key)) path = appendStep(path, String(ancestor.key.value));
      continue;
    }
    const position = (ancestor.items as readonly unknown[]).indexOf(next);
    if (!('key' in next) && position >= 0) path = appendStep(path, position);
  }
  return path;
}
