/** What a client says in the client protocol of Centrifuge: JSON objects, one a line. */
import type { Position } from './channel.js';
import { isJsonObject, type JsonObject } from './json-object.js';

export type Command =
  /** The answer to a ping; it has no id. */
  | { readonly method: 'pong' }
  /** A message that nobody here takes; it has no id. */
  | { readonly method: 'send' }
  | { readonly id: number; readonly method: 'connect'; readonly request: ConnectRequest }
  | { readonly id: number; readonly method: 'subscribe'; readonly request: SubscribeRequest }
  | { readonly id: number; readonly method: 'unsubscribe'; readonly channel: string }
  | { readonly id: number; readonly method: 'history'; readonly request: HistoryRequest }
  /** Methods of the protocol that gollama has no use for. */
  | { readonly id: number; readonly method: 'unavailable' }
  | { readonly id: number; readonly method: 'unknown' };

export interface ConnectRequest {
  readonly token: string | undefined;
  /** Channels that a unidirectional client wants. */
  readonly subs: ReadonlyMap<string, Recovery>;
}

export interface Recovery {
  readonly recover: boolean;
  /** The last offset that the client has; 0: none. */
  readonly offset: number;
  /** Empty: the client knows of none. */
  readonly epoch: string;
  /** True where a client wants error 112 instead of a subscription that misses something (`flag` has bit 2). */
  readonly rejectsLoss: boolean;
}

export interface SubscribeRequest extends Recovery {
  readonly channel: string;
}

export interface HistoryRequest {
  readonly channel: string;
  /** 0: the position alone; negative: everything. */
  readonly limit: number;
  readonly since: Position | undefined;
  readonly reverse: boolean;
}

const UNAVAILABLE = ['publish', 'presence', 'presence_stats', 'rpc', 'refresh', 'sub_refresh'];
const REJECTS_LOSS = 2;

/** Undefined where a line of it is no command: then the client does not speak the protocol. */
export function parseCommands(text: string): readonly Command[] | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const commands: Command[] = [];
  for (const line of lines) {
    const command = parseCommand(line);
    if (!command) return undefined;
    commands.push(command);
  }
  return commands.length === 0 ? undefined : commands;
}

/** A connect request as a unidirectional client sends it: without a command around it; no text is an empty one. */
export function parseConnectRequest(text: string): ConnectRequest | undefined {
  return connectRequest(text.trim() === '' ? {} : parseObject(text));
}

function parseCommand(line: string): Command | undefined {
  const command = parseObject(line);
  if (!command) return undefined;
  const { id, ...rest } = command;
  const methods = Object.keys(rest);
  if (id === undefined || id === 0) {
    if (methods.length === 0) return { method: 'pong' };
    return isJsonObject(rest.send) ? { method: 'send' } : undefined;
  }
  if (!isCount(id) || methods.length === 0) return undefined;
  return methodCommand(id, rest);
}

function methodCommand(id: number, methods: JsonObject): Command | undefined {
  const { connect, subscribe, unsubscribe, history, send, ping } = methods;
  if (connect !== undefined) return withRequest(id, 'connect', connectRequest(connect));
  if (subscribe !== undefined) return withRequest(id, 'subscribe', subscribeRequest(subscribe));
  if (history !== undefined) return withRequest(id, 'history', historyRequest(history));
  if (unsubscribe !== undefined) {
    const channel = channelOf(unsubscribe);
    return channel === undefined ? undefined : { id, method: 'unsubscribe', channel };
  }
  if (send !== undefined) return { method: 'send' };
  // The server alone pings.
  if (ping !== undefined) return undefined;
  return { id, method: UNAVAILABLE.some((name) => methods[name] !== undefined) ? 'unavailable' : 'unknown' };
}

type Requested = Extract<Command, { readonly request: unknown }>;

function withRequest<Method extends Requested['method']>(
  id: number,
  method: Method,
  request: Extract<Requested, { method: Method }>['request'] | undefined,
) {
  return request === undefined ? undefined : { id, method, request };
}

function connectRequest(value: unknown): ConnectRequest | undefined {
  if (!isJsonObject(value)) return undefined;
  const { token, subs } = value;
  const wanted = isJsonObject(subs) ? Object.entries(subs) : [];
  return {
    token: typeof token === 'string' && token !== '' ? token : undefined,
    subs: new Map(wanted.map(([channel, sub]) => [channel, recoveryOf(isJsonObject(sub) ? sub : {})])),
  };
}

function subscribeRequest(value: unknown): SubscribeRequest | undefined {
  const channel = channelOf(value);
  return channel === undefined || !isJsonObject(value) ? undefined : { channel, ...recoveryOf(value) };
}

function recoveryOf({ recover, offset, epoch, flag }: JsonObject): Recovery {
  return {
    recover: recover === true,
    offset: isCount(offset) ? offset : 0,
    epoch: typeof epoch === 'string' ? epoch : '',
    rejectsLoss: isCount(flag) && (flag & REJECTS_LOSS) !== 0,
  };
}

function historyRequest(value: unknown): HistoryRequest | undefined {
  const channel = channelOf(value);
  if (channel === undefined || !isJsonObject(value)) return undefined;
  const { limit, since, reverse } = value;
  return {
    channel,
    limit: Number.isSafeInteger(limit) ? Number(limit) : 0,
    since: isJsonObject(since) ? recoveryOf(since) : undefined,
    reverse: reverse === true,
  };
}

/** Undefined where there is none. */
function channelOf(value: unknown): string | undefined {
  if (!isJsonObject(value)) return undefined;
  const { channel } = value;
  return typeof channel === 'string' && channel !== '' ? channel : undefined;
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
