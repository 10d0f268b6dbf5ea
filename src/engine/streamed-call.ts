/**
 * A call for one JSON answer, turned into the same call for a stream. A llama-server does not notice that the client of
 * a JSON answer has gone while anybody else polls it or streams from it; that the client of a stream has gone it
 * notices within milliseconds. `AnswerAssembler` turns the stream back.
 */

import { type JsonObject, lastItem, memberSpans, readMembers, withMembers } from '../protocol/json-object.js';
import type { EngineCall, HeaderFields } from './engine.js';

/** The OpenAI forms. The native `/completion` streams other shapes, embeddings do not stream at all. */
const PATHS = new Set(['/v1/chat/completions', '/chat/completions', '/v1/completions']);

/** `call` as a stream with usage, every other byte of the body as it was; undefined where that would change the answer. */
export function asStreamedCall(call: EngineCall): EngineCall | undefined {
  if (call.stream || call.method !== 'POST' || !PATHS.has(pathOnly(call.path))) return undefined;
  // A body that is no object stays as it is: the engine says what is wrong with it.
  const asked = readMembers(call.body, ['stream', 'verbose']);
  if (asked === undefined || asked.stream === true || !streamSaysTheSame(asked, call.body)) return undefined;
  return {
    ...call,
    headers: withoutCompression(call.headers),
    body: withMembers(call.body, { stream: 'true', stream_options: '{"include_usage":true}' }),
    stream: true,
  };
}

/**
 * What a llama-server puts into a JSON answer only:
 * 1. `verbose`: the whole text once more in `__verbose`; a stream's has one token each, or none.
 * 2. an assistant message at the end: the JSON answer repeats it in front of its continuation, the stream does not.
 */
function streamSaysTheSame(asked: JsonObject, body: Buffer): boolean {
  return asked.verbose !== true && lastRole(body) !== 'assistant';
}

function lastRole(body: Buffer): unknown {
  const messages = memberSpans(body, ['messages'])?.at(-1);
  const last = messages && lastItem(body, messages);
  return last && readMembers(last, ['role'])?.role;
}

/** We read the stream ourselves, and nothing is gained by packing it on the way from our own machine. */
function withoutCompression(headers: HeaderFields): HeaderFields {
  const { 'accept-encoding': _, ...rest } = headers;
  return rest;
}

function pathOnly(path: string): string {
  const query = path.indexOf('?');
  return query === -1 ? path : path.slice(0, query);
}
