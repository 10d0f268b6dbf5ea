/** Which header fields pass through the gateway. RFC 9110 section 7.6.1 tells which belong to one connection only. */
import type { IncomingHttpHeaders } from 'node:http';
import type { HeaderFields } from '../engine/engine.js';

const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** Not sent to an engine, beside the hop-by-hop ones. */
const NOT_FORWARDED = new Set([
  ...HOP_BY_HOP,
  'host',
  // The engine client sets it from the body it sends.
  'content-length',
  'expect',
  // Answers are looked at for their token counts, so they must not be compressed between engine and gateway.
  'accept-encoding',
  // Makes a llama-server finish an answer whose client has gone.
  'x-conversation-id',
  'x-gollama-priority',
  // Which pages may call was decided here; an engine with a list of its own (Ollama) would refuse them again.
  'origin',
]);

/** Nor are those that hold the client's key to the gateway. */
const NOT_FORWARDED_WITH_KEYS = new Set([...NOT_FORWARDED, 'authorization', 'x-api-key', 'api-key']);

/** Not handed back to a client, beside the hop-by-hop ones. */
const NOT_RETURNED = new Set([
  ...HOP_BY_HOP,
  // Who may read an answer across origins is the gateway's decision: engines tend to allow everybody.
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'access-control-expose-headers',
  'access-control-max-age',
  // Ours, also where the engine is a gollama itself: they must agree with the log of this server.
  'x-request-id',
  'x-gollama-engine',
  'x-gollama-queue-ms',
  'x-gollama-attempts',
]);

/**
 * The fields of a request that an engine gets. `ownCredentials`: the client's credentials were meant for the gateway
 * (it has keys of its own), so they end here.
 */
export function forwardedHeaders(headers: IncomingHttpHeaders, ownCredentials: boolean): HeaderFields {
  return pick(headers, ownCredentials ? NOT_FORWARDED_WITH_KEYS : NOT_FORWARDED);
}

/** The fields of an engine's answer that the client gets. */
export function returnedHeaders(headers: HeaderFields): HeaderFields {
  return pick(headers, NOT_RETURNED);
}

function pick(headers: IncomingHttpHeaders | HeaderFields, dropped: ReadonlySet<string>): HeaderFields {
  const named = connectionOptions(headers.connection);
  const picked: HeaderFields = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined && !dropped.has(name) && !named?.has(name)) picked[name] = value;
  }
  return picked;
}

/** The fields that `Connection` itself declares hop-by-hop. */
function connectionOptions(connection: string | string[] | undefined): Set<string> | undefined {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return undefined;
  const options = Array.isArray(connection) ? connection.join(',') : connection;
  return new Set(options.split(',').map((option) => option.trim().toLowerCase()));
}
