/**
 * What a server says in the client protocol of Centrifuge (JSON, version 2; `centrifugal/protocol`, `definitions/client.proto`):
 * replies to commands, pushes, and the numbers that errors and endings have. Messages are JSON texts; what is zero or
 * false is left out, as clients take it so.
 */

/** Of a reply. A client tries again after temporary ones, and takes the others as final. */
export const CHANNEL_ERRORS = {
  internal: { code: 100, message: 'internal server error', temporary: true },
  unauthorized: { code: 101, message: 'unauthorized' },
  unknownChannel: { code: 102, message: 'unknown channel' },
  permissionDenied: { code: 103, message: 'permission denied' },
  methodNotFound: { code: 104, message: 'method not found' },
  alreadySubscribed: { code: 105, message: 'already subscribed' },
  limitExceeded: { code: 106, message: 'limit exceeded' },
  badRequest: { code: 107, message: 'bad request' },
  notAvailable: { code: 108, message: 'not available' },
  tooManyRequests: { code: 111, message: 'too many requests', temporary: true },
  unrecoverablePosition: { code: 112, message: 'unrecoverable position' },
} as const satisfies Record<string, ChannelError>;

export interface ChannelError {
  readonly code: number;
  readonly message: string;
  readonly temporary?: boolean;
}

/** Of a connection. A client connects again after 3000 to 3499 and 4000 to 4499, and stays away after 3500 to 3999. */
export const DISCONNECTS = {
  closed: { code: 3000, reason: 'connection closed' },
  shutdown: { code: 3001, reason: 'shutdown' },
  serverError: { code: 3004, reason: 'internal server error' },
  slow: { code: 3008, reason: 'slow' },
  noPong: { code: 3012, reason: 'no pong' },
  invalidToken: { code: 3500, reason: 'invalid token' },
  badRequest: { code: 3501, reason: 'bad request' },
  stale: { code: 3502, reason: 'stale' },
  channelLimit: { code: 3505, reason: 'channel limit' },
  notAvailable: { code: 3508, reason: 'not available' },
} as const satisfies Record<string, Disconnect>;

/** Fits the close frame of a WebSocket: the reason is shorter than 124 bytes. */
export interface Disconnect {
  readonly code: number;
  readonly reason: string;
}

/** Of a subscription that the server ends. From 2500 on the client subscribes again, from its position. */
export const UNSUBSCRIBES = {
  ended: { code: 2000, reason: 'server unsubscribe' },
  insufficientState: { code: 2500, reason: 'insufficient state' },
} as const satisfies Record<string, Disconnect>;

/** A ping of the server, and the pong of the client. */
export const PING = '{}';

/** Where a client stands in a channel. */
export interface Position {
  readonly epoch: string;
  readonly offset: number;
}

export interface Publication {
  /** JSON. */
  readonly data: string;
  /** Undefined where it does not move the client. */
  readonly offset: number | undefined;
}

function publicationText({ data, offset }: Publication): string {
  return offset === undefined ? `{"data":${data}}` : `{"data":${data},"offset":${offset}}`;
}

export interface SubscribeResult {
  readonly epoch: string;
  readonly offset: number;
  readonly wasRecovering: boolean;
  readonly recovered: boolean;
  readonly publications: readonly Publication[];
}

/** `recoverable` is what makes a client keep its position and come back with it. */
export function subscribeResultText(result: SubscribeResult): string {
  const { epoch, offset, wasRecovering, recovered, publications } = result;
  return (
    `{"recoverable":true,"positioned":true,"epoch":${JSON.stringify(epoch)}` +
    (wasRecovering ? ',"was_recovering":true' : '') +
    (recovered ? ',"recovered":true' : '') +
    (offset > 0 ? `,"offset":${offset}` : '') +
    (publications.length > 0 ? `,"publications":${publicationsText(publications)}}` : '}')
  );
}

export function historyResultText({ epoch, offset }: Position, publications: readonly Publication[]): string {
  return `{"publications":${publicationsText(publications)},"epoch":${JSON.stringify(epoch)},"offset":${offset}}`;
}

/** `result`: JSON text. */
export function replyText(id: number, method: string, result: string): string {
  return `{"id":${id},"${method}":${result}}`;
}

export function errorReplyText(id: number, error: ChannelError): string {
  return JSON.stringify({ id, error });
}

/** What was written last: where many follow a channel, the next one is told the same. */
let lastPush = { name: '', publication: undefined as Publication | undefined, isBare: false, text: '' };

/** `name`: of the channel, as JSON text. */
export function publicationPushText(name: string, publication: Publication, isBare: boolean): string {
  if (lastPush.publication !== publication || lastPush.name !== name || lastPush.isBare !== isBare) {
    lastPush = { name, publication, isBare, text: pushText(name, 'pub', publicationText(publication), isBare) };
  }
  return lastPush.text;
}

export function unsubscribePushText(channel: string, why: Disconnect, isBare: boolean): string {
  return pushText(JSON.stringify(channel), 'unsubscribe', JSON.stringify(why), isBare);
}

/** For transports that cannot close with a code. */
export function disconnectText(disconnect: Disconnect, isBare: boolean): string {
  const push = { disconnect };
  return JSON.stringify(isBare ? push : { push });
}

/** Bare where the connection is unidirectional: its client takes nothing but pushes. */
function pushText(name: string, kind: 'pub' | 'unsubscribe', body: string, isBare: boolean): string {
  const push = `{"channel":${name},"${kind}":${body}}`;
  return isBare ? push : `{"push":${push}}`;
}

function publicationsText(publications: readonly Publication[]): string {
  return `[${publications.map(publicationText).join(',')}]`;
}
