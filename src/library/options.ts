/** What a program that embeds gollama may say, and the configuration that it makes. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { formatDurationMs } from '../base/duration.js';
import { GollamaError, messageOf } from '../base/errors.js';
import { nearest } from '../base/nearest.js';
import type { ServeFlags } from '../config/flags.js';
import { expandHome } from '../config/home-path.js';
import { type ParsedConfig, parseConfig } from '../config/parse.js';
import type { Surroundings } from '../config/resolve.js';
import type { Stated } from '../config/stated.js';

/** Milliseconds, or as Go writes durations: `5m`, `1m30s`, `500ms`. */
export type Duration = number | string;

export interface RetryOptions {
  /** Tries after the first, where a task does not say. Default 3. */
  readonly maxRetries?: number | undefined;
  /** Default 1 s. */
  readonly initialDelay?: Duration | undefined;
  /** Default 30 s. */
  readonly maxDelay?: Duration | undefined;
  /** Default 2. */
  readonly backoffFactor?: number | undefined;
}

/** Each goes before the environment, which goes before `config`. */
export interface EmbeddingOptions {
  /** The path of a configuration file, or what would stand in it. */
  readonly config?: string | Readonly<Record<string, unknown>> | undefined;
  /** An Ollama server that answers: host, host:port or URL. */
  readonly ollamaHost?: string | undefined;
  /** Longest silence of that server. Default 5 min. */
  readonly ollamaTimeout?: Duration | undefined;
  /** Tasks that run at once. Default 4. */
  readonly maxWorkers?: number | undefined;
  /** Folder of the tasks; one process uses it at a time. Default of a `QueueManager` without `config`: ./data. */
  readonly storagePath?: string | undefined;
  /** Between clean-ups; finished tasks go after 24 of them. Default 1 h. */
  readonly cleanupInterval?: Duration | undefined;
  /** Finished tasks to keep of each status. Default 1000. */
  readonly maxCompletedTasks?: number | undefined;
  /** Taken and without effect: nothing here waits for a tick. */
  readonly schedulingInterval?: Duration | undefined;
  readonly retryConfig?: RetryOptions | undefined;
  /** `trace`, `debug`, `info`, `warn`, `error` or `silent`. Default without `config`: warn. */
  readonly logLevel?: string | undefined;
  readonly logFile?: string | undefined;
}

type Value = string | number | undefined;

/** Where a configuration file has each option. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  ollamaHost: ['ollama', 'host'],
  ollamaTimeout: ['ollama', 'timeout'],
  maxWorkers: ['queue', 'max_workers'],
  storagePath: ['queue', 'storage_path'],
  cleanupInterval: ['queue', 'cleanup_interval'],
  maxCompletedTasks: ['queue', 'max_completed_tasks'],
  'retryConfig.maxRetries': ['retry_config', 'max_retries'],
  'retryConfig.initialDelay': ['retry_config', 'initial_delay'],
  'retryConfig.maxDelay': ['retry_config', 'max_delay'],
  'retryConfig.backoffFactor': ['retry_config', 'backoff_factor'],
  logLevel: ['logger', 'level'],
  logFile: ['logger', 'file'],
};
const DURATIONS = new Set(['ollamaTimeout', 'cleanupInterval', 'retryConfig.initialDelay', 'retryConfig.maxDelay']);
const OTHERS = ['config', 'schedulingInterval', 'retryConfig'];

/** Throws `usage` for a name that is none: JavaScript would take the slip for a wish that was heard. */
export function assertOptions(options: object, more: readonly string[] = []): void {
  const known = [...Object.keys(KEYS), ...OTHERS, ...more];
  const retries = Object.keys(('retryConfig' in options && options.retryConfig) || {});
  for (const name of [...Object.keys(options), ...retries.map((name) => `retryConfig.${name}`)]) {
    if (known.includes(name)) continue;
    const likely = nearest(name, known);
    const hint = likely === undefined ? `the options are ${known.join(', ')}` : `did you mean ${likely}?`;
    throw new GollamaError('usage', `unknown option ${name}`, { hint });
  }
}

/** `defaults`: a configuration file in place of one that is not named. Rejects with `configuration`, which names every problem. */
export async function configOf(
  options: EmbeddingOptions,
  defaults: object,
  around: Surroundings,
  flags: ServeFlags = {},
): Promise<ParsedConfig> {
  return parseConfig({
    ...around,
    file: await fileOf(options.config ?? defaults, around),
    flags,
    stated: stated(options),
    readText: (path) => readFile(path, 'utf8'),
  });
}

async function fileOf(config: string | object, { cwd, home }: Surroundings): Promise<{ name: string; text: string }> {
  // JSON is YAML.
  if (typeof config !== 'string') return { name: 'config', text: JSON.stringify(config) };
  try {
    return { name: config, text: await readFile(resolve(cwd, expandHome(config, home)), 'utf8') };
  } catch (thrown) {
    throw new GollamaError('configuration', `cannot read the configuration file ${config}: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
}

function stated({ retryConfig = {}, ...options }: EmbeddingOptions): Stated[] {
  const retries = Object.entries(retryConfig).map(([name, value]) => [`retryConfig.${name}`, value] as const);
  return [...Object.entries(options), ...retries].flatMap(([name, value]) => {
    const path = KEYS[name];
    return path === undefined || value === undefined ? [] : [{ name, path, text: textOf(name, value as Value) }];
  });
}

function textOf(name: string, value: Value): string {
  return DURATIONS.has(name) && Number.isFinite(value) ? formatDurationMs(value as number) : String(value);
}
