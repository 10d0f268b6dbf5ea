/** Settings as a configuration: secrets read or hashed, names unique, folders known. */
import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { messageOf } from '../base/errors.js';
import { stateFolder } from '../base/user-folders.js';
import type { ApiKeyConfig, Config, EngineConfig } from './config.js';
import type { Environment } from './environment.js';
import { type Remark, remarkAt } from './remark.js';
import type { Settings } from './schema.js';
import { find, type Path, type Tree, textAt } from './tree.js';
import { webhookSecret } from './values.js';

export interface Surroundings {
  readonly env: Environment;
  readonly cwd: string;
  /** The user's home folder. */
  readonly home: string;
}

export interface Resolved {
  readonly config: Config;
  readonly problems: readonly Remark[];
}

/** `tree` tells where a setting stood. `readText` reads the key files. */
export async function resolveSettings(
  settings: Settings,
  tree: Tree,
  around: Surroundings,
  readText: (path: string) => Promise<string>,
): Promise<Resolved> {
  const problems: Remark[] = [];
  const resolver = new Resolver(tree, around, readText, problems);
  const engines: EngineConfig[] = [];
  for (const [index, engine] of settings.engines.entries()) engines.push(await resolver.engine(engine, index));
  resolver.uniqueNames(settings.engines);
  const apiKeys = settings.server.apiKeys.flatMap((key, index) => resolver.apiKey(key, index) ?? []);
  resolver.uniqueKeys(apiKeys);
  const dataDir = settings.dataDir ?? stateFolder(around.env.XDG_STATE_HOME, around.home);
  // The engine that stands in `ollama` is among the engines already.
  const { ollama: _, ...rest } = settings;
  const config: Config = {
    ...rest,
    server: { ...settings.server, apiKeys },
    queue: { ...settings.queue, storagePath: settings.queue.storagePath ?? join(dataDir, 'tasks') },
    webhooks: await resolver.webhooks(settings.webhooks),
    engines,
    dataDir,
  };
  return { config, problems };
}

class Resolver {
  readonly #tree: Tree;
  readonly #around: Surroundings;
  readonly #readText: (path: string) => Promise<string>;
  readonly #problems: Remark[];

  constructor(tree: Tree, around: Surroundings, readText: (path: string) => Promise<string>, problems: Remark[]) {
    this.#tree = tree;
    this.#around = around;
    this.#readText = readText;
    this.#problems = problems;
  }

  async engine(engine: Settings['engines'][number], index: number): Promise<EngineConfig> {
    if (engine.kind === 'simulated') return engine;
    const { apiKeyEnv, apiKeyFile, ...rest } = engine;
    const path: Path = ['engines', index];
    if (apiKeyEnv && apiKeyFile)
      this.#problem([...path, 'api_key_file'], 'expected either api_key_env or api_key_file');
    const fromEnv = apiKeyEnv ? this.#variable(apiKeyEnv, [...path, 'api_key_env']) : undefined;
    const apiKey = apiKeyFile ? await this.#keyFile(apiKeyFile, [...path, 'api_key_file']) : fromEnv;
    return { ...rest, apiKey };
  }

  /** undefined after a problem. */
  apiKey(settings: Settings['server']['apiKeys'][number], index: number): ApiKeyConfig | undefined {
    const { key, keyEnv, keySha256, admin, maxPriority, maxConcurrency } = settings;
    const path: Path = ['server', 'api_keys', index];
    if ([key, keyEnv, keySha256].filter((source) => source !== undefined).length !== 1) {
      this.#problem(path, 'expected exactly one of key, key_env and key_sha256');
      return undefined;
    }
    const plain = keyEnv ? this.#variable(keyEnv, [...path, 'key_env']) : key;
    const sha256 = keySha256 ?? (plain ? createHash('sha256').update(plain).digest('hex') : undefined);
    if (!sha256) return undefined;
    return { name: settings.name ?? `key-${index + 1}`, sha256, admin, maxPriority, maxConcurrency };
  }

  async webhooks({ secretEnv, secretFile, ...rest }: Settings['webhooks']): Promise<Config['webhooks']> {
    const key = this.#secretKey();
    const path: Path = ['webhooks', key];
    const fromEnv = key === 'secret_env' && secretEnv ? this.#variable(secretEnv, path) : undefined;
    const text = key === 'secret_file' && secretFile ? await this.#keyFile(secretFile, path) : fromEnv;
    if (text === undefined) return rest;
    const reading = webhookSecret.read(text);
    if ('value' in reading) return { ...rest, secret: reading.value };
    this.#problem(path, `what is read from there is no secret, ${reading.wrong}`);
    return rest;
  }

  uniqueNames(engines: Settings['engines']): void {
    const first = new Map<string, number>();
    for (const [index, { name }] of engines.entries()) {
      const other = first.get(name);
      if (other === undefined) first.set(name, index);
      else this.#problem(['engines', index, 'name'], `got "${name}", which is the name of engines[${other}] already`);
    }
  }

  uniqueKeys(keys: readonly ApiKeyConfig[]): void {
    const first = new Map<string, string>();
    for (const { name, sha256 } of keys) {
      const other = first.get(sha256);
      if (other === undefined) first.set(sha256, name);
      else this.#problem(['server', 'api_keys'], `"${name}" is the same key as "${other}"`);
    }
  }

  /** Where the secret of webhooks stands: in our variables rather than in the file. */
  #secretKey(): string {
    const given = ['secret', 'secret_env', 'secret_file'].filter((key) => textAt(this.#tree, ['webhooks', key]));
    const fromEnv = given.filter((key) => find(this.#tree, ['webhooks', key])?.at.source === 'env');
    const [key = 'secret', ...more] = fromEnv.length > 0 ? fromEnv : given;
    if (more.length > 0) this.#problem(['webhooks'], 'expected at most one of secret, secret_env and secret_file');
    return key;
  }

  #variable(name: string, path: Path): string | undefined {
    const value = this.#around.env[name];
    if (!value) this.#problem(path, `environment variable ${name} is not set`);
    return value || undefined;
  }

  async #keyFile(file: string, path: Path): Promise<string | undefined> {
    try {
      const key = (await this.#readText(resolve(this.#around.cwd, file))).trim();
      if (key === '') this.#problem(path, `${file} is empty`);
      return key || undefined;
    } catch (thrown) {
      this.#problem(path, `cannot read the key: ${messageOf(thrown)}`);
      return undefined;
    }
  }

  #problem(path: Path, message: string): void {
    this.#problems.push(remarkAt(this.#tree, path, message));
  }
}
