/** What is measured: a server that answers, and a model that it has. */
import { request } from 'undici';
import { type Clock, pause } from '../src/base/clock.js';
import { GollamaError, messageOf } from '../src/base/errors.js';
import { isJsonObject, parseJsonObject } from '../src/protocol/json-object.js';
import { shortText } from './short-text.js';

export interface FoundTarget {
  /** Without a slash at its end and without `/v1`. */
  readonly baseUrl: string;
  readonly model: string;
}

export interface TargetWish {
  readonly url: string;
  readonly model: string | undefined;
  readonly apiKey: string | undefined;
  /** Of every request, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** How long to wait for a server that is not there yet. */
  readonly waitReadyMs: number;
}

const RETRY_MS = 500;
const PROBE_TIMEOUT_MS = 10_000;
const ANSWER_BYTES_MAX = 16 * 1024 * 1024;
const UNKNOWN_MODEL = 'unknown';

/**
 * Where `signal` ends the search nothing was found, and nothing will be sent: the target is what was known by then.
 * Throws `unreachable`, `engine_unavailable`, `unauthorized`, `model_not_found`, `usage`.
 */
export async function findTarget(wish: TargetWish, clock: Clock, signal: AbortSignal): Promise<FoundTarget> {
  const baseUrl = serverOf(wish.url);
  const deadlineMs = clock.now() + wish.waitReadyMs;
  for (;;) {
    const found = await look(wish, baseUrl, clock, signal);
    if (signal.aborted) return { baseUrl, model: wish.model ?? UNKNOWN_MODEL };
    if (!(found instanceof GollamaError)) return { baseUrl, model: chooseModel(found, wish.model, baseUrl) };
    const mayChange = found.code === 'unreachable' || found.code === 'engine_unavailable';
    if (!mayChange || clock.now() >= deadlineMs) throw found;
    await pause(clock, RETRY_MS, signal);
  }
}

/** `http://host:port/prefix`, from what the user wrote: `host:port`, with or without `/v1`. Throws `usage`. */
export function serverOf(url: string): string {
  const written = /^[a-z][a-z0-9+.-]*:\/\//i.test(url) ? url : `http://${url.startsWith(':') ? '127.0.0.1' : ''}${url}`;
  const parsed = URL.canParse(written) ? new URL(written) : undefined;
  if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.search !== '' || parsed.hash !== '') {
    throw new GollamaError('usage', `"${url}" is no address of a server`, { hint: 'write it as http://host:port' });
  }
  if (parsed.username !== '' || parsed.password !== '') {
    throw new GollamaError('usage', 'an address with a password in it would stand in every report', {
      hint: "send it as a header: -H 'Authorization: Basic ...'",
    });
  }
  return `${parsed.origin}${parsed.pathname}`.replace(/\/+$/, '').replace(/\/v1$/, '');
}

/** The names of the models, or why there are none. */
async function look(
  wish: TargetWish,
  baseUrl: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<string[] | GollamaError> {
  let answer: { status: number; text: string };
  try {
    answer = await modelsAnswer(wish, baseUrl, clock, signal);
  } catch (error) {
    return new GollamaError('unreachable', `no server answers at ${baseUrl}: ${messageOf(error)}`, {
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
  if (status === 503) return new GollamaError('engine_unavailable', `${baseUrl} is not ready: ${shortText(text)}`);
  const data = parseJsonObject(Buffer.from(text))?.data;
  // Not every server has a list of models; then the user has to name one.
  if (status === 404 || (status === 200 && !Array.isArray(data))) return notOpenAi(text) ?? [];
  if (!Array.isArray(data)) return new GollamaError('unreachable', `${baseUrl}/v1/models answered HTTP ${status}`);
  return data.filter(isJsonObject).flatMap(({ id }) => (isName(id) ? [id] : []));
}

/** A name that is endless, or would steer a terminal, is none that anybody gave to a model. */
function isName(id: unknown): id is string {
  return typeof id === 'string' && id !== '' && shortText(id) === id;
}

async function modelsAnswer(
  { apiKey, headers }: TargetWish,
  baseUrl: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<{ status: number; text: string }> {
  const late = new AbortController();
  const timer = clock.after(PROBE_TIMEOUT_MS, () =>
    late.abort(new Error(`nothing came in ${PROBE_TIMEOUT_MS / 1000} s`)),
  );
  try {
    const { statusCode, body } = await request(`${baseUrl}/v1/models`, {
      headers: {
        accept: 'application/json',
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
        ...headers,
      },
      signal: AbortSignal.any([signal, late.signal]),
      reset: true,
    });
    const parts: Buffer[] = [];
    let sizeBytes = 0;
    for await (const part of body as AsyncIterable<Buffer>) {
      sizeBytes += part.length;
      if (sizeBytes > ANSWER_BYTES_MAX) throw new Error('its list of models is too long');
      parts.push(part);
    }
    return { status: statusCode, text: Buffer.concat(parts).toString('utf8') };
  } finally {
    timer.cancel();
  }
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
