/** What is at an address: a gollama server, whose answers outlive a connection, or another OpenAI-compatible one. */
import { type Clock, systemClock } from '../base/clock.js';
import { GollamaError } from '../base/errors.js';
import type { Random } from '../base/random.js';
import { Client } from '../client/client.js';
import { parseServerUrl } from '../client/server-url.js';
import { Transport } from '../client/transport.js';
import { isJsonObject } from '../protocol/json-object.js';
import type { EngineReport, ServerStatus } from '../protocol/status.js';
import type { AnswerSource } from './answer.js';
import { type ModelChoice, modelsOfEngines } from './model-choice.js';

export interface ChatServerOptions {
  /** As `Client` takes it; a `/v1` at its end is taken off. */
  readonly server: string;
  readonly apiKey?: string | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
}

export interface ChatServer {
  readonly kind: 'gollama' | 'openai';
  readonly baseUrl: string;
  readonly answers: AnswerSource;
  /** As they are now. */
  models(signal?: AbortSignal): Promise<readonly ModelChoice[]>;
}

/**
 * Rejects with `unreachable` where nothing answers, or nothing that answers questions; with `unauthorized` and `forbidden`;
 * with `usage` where `server` is no address.
 */
export async function chooseAnswers(options: ChatServerOptions, signal?: AbortSignal): Promise<ChatServer> {
  const baseUrl = parseServerUrl(options.server).replace(/\/v1$/, '');
  const transport = new Transport({ baseUrl, apiKey: options.apiKey });
  const status = await askStatus(transport, signal);
  return status ? gollamaServer(options, baseUrl, status) : plainServer(options, transport, signal);
}

/** Undefined where it is no gollama server. */
async function askStatus(transport: Transport, signal: AbortSignal | undefined): Promise<ServerStatus | undefined> {
  try {
    const { body } = await transport.json<unknown>({ path: '/api/status', signal });
    return isJsonObject(body) && Array.isArray(body.engines) ? (body as unknown as ServerStatus) : undefined;
  } catch (thrown) {
    const isRefusal =
      thrown instanceof GollamaError && ['unauthorized', 'forbidden', 'cancelled'].includes(thrown.code);
    if (isRefusal || !transport.wasAnswered) throw thrown;
    return undefined;
  }
}

// ---- gollama

/** Engines that take up the beginning of an answer. Of others nobody knows. */
const PREFILLING = ['llama-server', 'ollama'];

async function gollamaServer(
  { apiKey, clock = systemClock, random }: ChatServerOptions,
  baseUrl: string,
  status: ServerStatus,
): Promise<ChatServer> {
  const { TaskAnswers } = await import('./task-answers.js');
  const client = new Client({ baseUrl, apiKey, clock, ...(random && { random }) });
  let engines = status.engines;
  return {
    kind: 'gollama',
    baseUrl,
    answers: new TaskAnswers({ client, clock, continuation: (model) => continuationAt(engines, model) }),
    async models(signal) {
      engines = (await client.status(signal)).engines;
      return modelsOfEngines(engines);
    },
  };
}

function continuationAt(engines: readonly EngineReport[], model: string): 'prefill' | 'ask' {
  const named = engines.filter(({ models }) => models.includes(model));
  const possible = named.length > 0 ? named : engines;
  return possible.every(({ kind }) => PREFILLING.includes(kind)) ? 'prefill' : 'ask';
}

// ---- other servers

async function plainServer(
  { clock }: ChatServerOptions,
  transport: Transport,
  signal: AbortSignal | undefined,
): Promise<ChatServer> {
  const { CompletionAnswers } = await import('./completion-answers.js');
  const [props] = await Promise.all([askProps(transport, signal), askModels(transport, signal)]);
  const continuation = isJsonObject(props.default_generation_settings) ? 'prefill' : 'ask';
  return {
    kind: 'openai',
    baseUrl: transport.baseUrl,
    answers: new CompletionAnswers({ transport, clock, continuation: () => continuation }),
    async models(again) {
      const [names, page] = await Promise.all([askModels(transport, again), askProps(transport, again)]);
      return names.map((name) => ({ name, state: 'ready', contextTokens: contextOf(page) }));
    },
  };
}

async function askModels(transport: Transport, signal: AbortSignal | undefined): Promise<readonly string[]> {
  const body = await askPage(transport, '/v1/models', signal);
  const data = isJsonObject(body) && Array.isArray(body.data) ? body.data.filter(isJsonObject) : undefined;
  if (data) return data.map(({ id }) => id).filter((id) => typeof id === 'string');
  throw new GollamaError('unreachable', `${transport.baseUrl} answers, but not as an OpenAI-compatible server does`, {
    hint: 'is another program listening there? name the server with --server or $GOLLAMA_URL',
  });
}

/** Undefined where the server has no such page. */
async function askPage(transport: Transport, path: string, signal: AbortSignal | undefined): Promise<unknown> {
  try {
    return (await transport.json<unknown>({ path, signal })).body;
  } catch (thrown) {
    if (thrown instanceof GollamaError && thrown.code === 'not_found') return undefined;
    throw thrown;
  }
}

/** llama-server's own page; empty where there is none. */
async function askProps(transport: Transport, signal: AbortSignal | undefined): Promise<Record<string, unknown>> {
  try {
    const { body } = await transport.json<unknown>({ path: '/props', signal });
    return isJsonObject(body) ? body : {};
  } catch (thrown) {
    if (thrown instanceof GollamaError && thrown.code === 'cancelled') throw thrown;
    return {};
  }
}

function contextOf({ default_generation_settings: settings }: Record<string, unknown>): number | undefined {
  const tokens = isJsonObject(settings) ? settings.n_ctx : undefined;
  return typeof tokens === 'number' && tokens > 0 ? tokens : undefined;
}
