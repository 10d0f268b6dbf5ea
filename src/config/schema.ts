/**
 * The only list of configuration keys. Everything else that knows keys is derived from it: the keys of the file, the
 * names of environment variables, the example file, help texts, what `gollama config show` prints.
 *
 * Names here carry their unit (`waitTimeoutMs`); the key in a file does not (`wait_timeout`), its value does (`60s`).
 */
import * as z from 'zod';
import { blocks, listOf, literal, optional, required, spelt, withDefault } from './field.js';
import * as value from './values.js';

const section = <T extends z.core.$ZodLooseShape>(shape: T) => z.object(shape, { error: 'expected a block of keys' });

const apiKeySchema = section({
  key: optional(value.secret, 'the key itself'),
  keyEnv: optional(value.environmentName, 'variable that holds the key', { example: 'ALICE_KEY' }),
  keySha256: optional(value.sha256, 'SHA-256 of the key in hexadecimal, so that the file holds no secret'),
  name: optional(value.text, 'who uses it: in logs, metrics and status', { example: 'alice' }),
  admin: withDefault(value.flag, 'false', 'may use the admin routes'),
  maxPriority: optional(value.priority, 'higher wishes become this one', { example: 'normal' }),
  maxConcurrency: optional(value.integer(1), 'requests of this key that run at once', { example: '2' }),
});

const serverSchema = section({
  addr: withDefault(value.address, ':8081', 'listen address, host:port'),
  apiKeys: blocks(apiKeySchema, 'keys that clients must send; none: no key is asked for', value.secret),
  insecure: withDefault(value.flag, 'false', 'listen beyond this machine although there are no keys'),
  maxBodyBytes: withDefault(value.size, '32MiB', 'largest request body'),
  headerTimeoutMs: withDefault(value.time, '10s', 'until the headers of a request have come'),
  uploadTimeoutMs: withDefault(value.time, '60s', 'until the whole request has come'),
  drainTimeoutMs: withDefault(value.time, '10s', 'how long running requests may go on when the server stops'),
  heartbeatMs: withDefault(value.time, '15s', 'between signs of life on a stream that says nothing'),
  corsOrigins: listOf(value.text, [], 'web origins that may call from a browser; * for all'),
});

const queueSchema = section({
  maxConcurrency: optional(value.concurrency, 'requests that run at once; unset: as many as the engines have slots', {
    example: '1',
  }),
  maxWaiting: withDefault(value.integer(0), '1024', 'requests that may wait; one more gets 429'),
  maxWaitingBytes: withDefault(value.size, '256MiB', 'memory for the bodies of waiting requests', {
    key: 'max_waiting_bytes',
  }),
  waitTimeoutMs: withDefault(value.duration, '60s', 'longest wait for a slot; 0s waits without end'),
  startWaitTimeoutMs: withDefault(value.time, '5m', 'patience while no engine of the model is ready yet'),
  interactivePriority: withDefault(value.priority, 'high', 'of a request that does not name one'),
  maxWorkers: withDefault(value.count, '4', 'tasks that run at once'),
  maxPending: withDefault(value.count, '1000000', 'tasks that may wait; one more gets 429'),
  storagePath: optional(value.path, 'folder of the tasks, of one server at a time; unset: <data_dir>/tasks', {
    example: './data',
  }),
  cleanupIntervalMs: withDefault(value.span, '1h', 'between clean-ups; finished tasks go after 24 of them'),
  maxCompletedTasks: withDefault(
    value.integer(0),
    '1000',
    'finished tasks to keep of each status; the oldest go first',
  ),
});

const retrySchema = section({
  maxRetries: withDefault(value.repetitions, '3', 'further attempts of a task that does not say how many'),
  initialDelayMs: withDefault(value.span, '1s', 'before the first further attempt'),
  maxDelayMs: withDefault(value.span, '30s', 'longest delay'),
  backoffFactor: withDefault(value.growth, '2.0', 'each delay is so many times the one before'),
  jitter: withDefault(value.share, '0', 'share of a delay that is left to chance: 0.2 makes it 90% to 110%'),
});

const webhooksSchema = section({
  secret: optional(value.webhookSecret, 'signs every message (Standard Webhooks); unset: not signed'),
  secretEnv: optional(value.environmentName, 'variable that holds the secret'),
  secretFile: optional(value.path, 'file that holds the secret'),
  allowHosts: listOf(
    value.hostOrNetwork,
    [],
    'hosts and networks (10.0.0.0/8) that may be called although they are private',
  ),
  timeoutMs: withDefault(value.span, '10s', 'for one message'),
});

const streamsSchema = section({
  retentionMs: withDefault(value.span, '24h', 'how long the stream of an answer can be resumed after its end'),
});

const ollamaHelp = 'host, host:port or URL, as Ollama takes it';

/** Short for one engine of kind `ollama`; `ollama-section.ts` writes it out. */
const ollamaSchema = section({
  host: optional(value.ollamaHost, `short for one engine of kind ollama: ${ollamaHelp}`, {
    example: 'http://localhost:11434',
  }),
  timeoutMs: optional(value.time, 'the timeout of that engine', { example: '5m' }),
});

const engineKind = value.choice('llama-server', 'openai', 'ollama', 'simulated');

const common = {
  name: required(value.text, 'unique; in logs, metrics and status; unset: the kind'),
  aliases: listOf(value.text, [], 'further model names that mean the first model'),
  weight: withDefault(value.positiveNumber, '1', 'share of the work beside other engines of the same model'),
};

const credentials = {
  apiKeyEnv: optional(value.environmentName, 'variable that holds the key of the engine'),
  apiKeyFile: optional(value.path, 'file that holds the key of the engine'),
};

const llamaServerSchema = section({
  kind: literal(engineKind, 'llama-server', 'a llama-server process that gollama starts and keeps alive'),
  ...common,
  models: listOf(value.text, [], 'model names; none: the engine is asked'),
  bin: optional(value.path, 'executable; unset: $GOLLAMA_LLAMA_SERVER, then PATH', { example: './bin/llama-server' }),
  args: listOf(value.argument, [], 'arguments; no shell reads them, but ~ at the start of a path is expanded'),
  modelPath: optional(value.path, 'the .gguf file', { example: '~/models/model.gguf' }),
  slots: optional(value.integer(1), 'requests at once; unset: the engine is asked', { example: '4' }),
  baseUrl: optional(value.url, 'where it listens; unset: a free port of this machine'),
  ...credentials,
  startTimeoutMs: withDefault(value.time, '30s', 'longest silence while it starts'),
  stopTimeoutMs: withDefault(value.time, '10s', 'between the wish to stop and the kill'),
  restartBackoffMs: withDefault(value.time, '2s', 'before the first restart; doubles from there'),
  readyPattern: optional(value.pattern, 'also wait for a log line like this (JavaScript regular expression)'),
});

const openaiSchema = section({
  kind: literal(engineKind, 'openai', 'a server with the OpenAI API'),
  ...common,
  models: listOf(value.text, [], 'model names; none: the server is asked'),
  baseUrl: required(value.url, 'with or without /v1', { example: 'http://10.0.0.7:8000' }),
  slots: optional(value.integer(1), 'requests at once', { example: '8' }),
  ...credentials,
});

const ollamaEngineSchema = section({
  kind: literal(engineKind, 'ollama', 'an Ollama server'),
  ...common,
  models: listOf(value.text, [], 'model names; none: the server is asked'),
  baseUrl: withDefault(value.ollamaHost, 'http://localhost:11434', ollamaHelp),
  slots: withDefault(value.integer(1), '4', 'requests at once; Ollama does not tell'),
  ...credentials,
  timeoutMs: withDefault(
    value.time,
    '5m',
    'longest silence while it answers, loading the model included; 0s: no limit',
  ),
});

const simulatedSchema = section({
  kind: literal(engineKind, 'simulated', 'made-up answers at a set speed, for trials and tests'),
  ...common,
  models: listOf(value.text, ['sim'], 'model names'),
  slots: withDefault(value.integer(1), '4', 'requests at once'),
  ttftMs: withDefault(value.time, '700ms', 'time to the first token'),
  tokenMs: withDefault(value.time, '60ms', 'time from token to token', { key: 'token_time' }),
  seed: withDefault(value.integer(0), '1', 'the same seed says the same words'),
});

const engineSchema = z.discriminatedUnion(
  'kind',
  [llamaServerSchema, openaiSchema, ollamaEngineSchema, simulatedSchema],
  {
    error: (issue) =>
      issue.code === 'invalid_union' ? `expected kind: ${engineKind.expected}` : 'expected a block of keys',
  },
);

const loggerSchema = section({
  level: withDefault(value.logLevel, 'info', 'trace, debug, info, warn, error or silent'),
  file: optional(value.path, 'log file as well, as JSON lines', { example: './server.log' }),
  maxSizeMb: optional(value.positiveNumber, 'megabytes after which the file is rotated', { example: '100' }),
  maxAgeDays: optional(value.positiveNumber, 'days after which rotated files are deleted', { example: '7' }),
});

export const configSchema = section({
  server: serverSchema.prefault({}),
  queue: queueSchema.prefault({}),
  retry: spelt('retry_config', retrySchema.prefault({})),
  webhooks: webhooksSchema.prefault({}),
  streams: streamsSchema.prefault({}),
  ollama: ollamaSchema.prefault({}),
  engines: blocks(engineSchema, 'what answers; none: see fallback'),
  fallback: withDefault(value.choice('simulated', 'none'), 'simulated', 'what answers where no engine is configured'),
  logger: loggerSchema.prefault({}),
  dataDir: optional(value.path, 'state of the server; unset: $XDG_STATE_HOME/gollama or ~/.local/state/gollama', {
    example: '~/.local/state/gollama',
  }),
});

/** What stands in the sources, with defaults; secrets are still named, not read. */
export type Settings = z.output<typeof configSchema>;
