/** What is measured: a server that answers, and a model that it has. */
import { type Clock, pause } from '../src/base/clock.js';
import { GollamaError } from '../src/base/errors.js';
import { Transport } from '../src/client/transport.js';
import { isJsonObject, parseJsonObject } from '../src/protocol/json-object.js';

export interface FoundTarget {
  /** Without a slash at its end and without `/v1`. */
  readonly baseUrl: string;
  readonly model: string;
}

export interface TargetWish {
  readonly url: string;
  readonly model: string | undefined;
  readonly apiKey: string | undefined;
  /** How long to wait for a server that is not there yet. */
  readonly waitReadyMs: number;
}

const RETRY_MS = 500;
const PROBE_TIMEOUT_MS = 10_000;

/** Throws `unreachable`, `unauthorized`, `model_not_found`, `usage`. */
export async function findTarget(wish: TargetWish, clock: Clock, signal: AbortSignal): Promise<FoundTarget> {
  const baseUrl = serverOf(wish.url);
  const transport = new Transport({ baseUrl, apiKey: wish.apiKey, timeoutMs: PROBE_TIMEOUT_MS });
  const deadlineMs = clock.now() + wish.waitReadyMs;
  for (;;) {
    const found = await look(transport, baseUrl);
    if (!(found instanceof GollamaError)) return { baseUrl, model: chooseModel(found, wish.model, baseUrl) };
    const mayChange = found.code === 'unreachable' || found.code === 'engine_unavailable';
    if (!mayChange || clock.now() >= deadlineMs || signal.aborted) throw found;
    await pause(clock, RETRY_MS, signal);
  }
}

/** `http://host:port/prefix`, from what the user wrote: `host:port`, with or without `/v1`. */
export function serverOf(url: string): string {
  const written = /^[a-z][a-z0-9+.-]*:\/\//i.test(url) ? url : `http://${url.startsWith(':') ? '127.0.0.1' : ''}${url}`;
  const parsed = URL.canParse(written) ? new URL(written) : undefined;
  if (!parsed || !/^https?:$/.test(parsed.protocol)) {
    throw new GollamaError('usage', `"${url}" is no address of a server`, { hint: 'write it as http://host:port' });
  }
  return `${parsed.origin}${parsed.pathname}`.replace(/\/+$/, '').replace(/\/v1$/, '');
}

/** The names of the models, or why there are none. */
async function look(transport: Transport, baseUrl: string): Promise<string[] | GollamaError> {
  let answer: { status: number; text: string };
  try {
    answer = await transport.get('/v1/models');
  } catch (error) {
    if (!(error instanceof GollamaError)) throw error;
    return new GollamaError('unreachable', `no server answers at ${baseUrl}`, {
      cause: error,
      hint: 'start it, name another URL, or try the built-in one: gollama bench --engine sim',
    });
  }
  const { status, text } = answer;
  if (status === 401 || status === 403) {
    return new GollamaError('unauthorized', `${baseUrl} wants an API key, or another one (HTTP ${status})`, {
      hint: 'put the key into a variable and name that with --api-key-env',
    });
  }
  if (status === 503) return new GollamaError('engine_unavailable', `${baseUrl} is not ready: ${text.slice(0, 200)}`);
  const data = parseJsonObject(Buffer.from(text))?.data;
  // Not every server has a list of models; then the user has to name one.
  if (status === 404 || (status === 200 && !Array.isArray(data))) return notOpenAi(text) ?? [];
  if (!Array.isArray(data)) return new GollamaError('unreachable', `${baseUrl}/v1/models answered HTTP ${status}`);
  return data.filter(isJsonObject).map(({ id }) => String(id));
}

function notOpenAi(text: string): GollamaError | undefined {
  if (!/^\s*<(!doctype|html)/i.test(text)) return undefined;
  return new GollamaError('unreachable', 'the server answers with a web page: it is no OpenAI-compatible server', {
    hint: 'name the address of the API, not of a page in front of it',
  });
}

function chooseModel(models: readonly string[], wish: string | undefined, baseUrl: string): string {
  const model = wish ?? models[0];
  if (model !== undefined) return model;
  throw new GollamaError('model_not_found', `${baseUrl} does not tell its models`, { hint: 'name one with --model' });
}
