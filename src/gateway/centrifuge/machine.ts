/** What happens to a connection, and what is to be done about it: the words between a session and its connection. */
import type { Random } from '../../base/random.js';
import type { Disconnect, Position } from '../../protocol/channel.js';
import type { LogEntry, LogView } from '../../stream/record.js';
import type { Visitor } from '../../tasks/task-queue.js';
import type { ChannelLog, Window } from './channel-log.js';

/** `connect`: the client should have introduced itself; `ping`: it is time for one; `pong`: the answer should be there. */
export type SessionTimer = 'connect' | 'ping' | 'pong';

export type SessionEvent =
  /** Text from the client. */
  | { readonly kind: 'message'; readonly text: string }
  /** Of a `look`. Undefined: the channel is not there for this visitor. `failed`: that could not be found out. */
  | { readonly kind: 'looked'; readonly look: number; readonly log: ChannelLog | 'failed' | undefined }
  /** What came after the position in a channel that is followed; `entries` undefined: the log is not kept any more. */
  | {
      readonly kind: 'entries';
      readonly channel: string;
      readonly entries: readonly LogEntry[] | undefined;
      readonly last: number;
    }
  /** `isBehind`: the client still has to take what it was sent before, so it cannot have answered to the rest. */
  | { readonly kind: 'timer'; readonly timer: SessionTimer; readonly isBehind: boolean };

export interface Message {
  /** JSON. */
  readonly text: string;
  /** Where the client stands when it has taken it; for transports that can keep it for the client. */
  readonly position?: Position;
}

export type SessionEffect =
  | { readonly kind: 'send'; readonly message: Message }
  /** Looks for the channel and reads a part of its log; answered by `looked` with that number. */
  | {
      readonly kind: 'look';
      readonly look: number;
      readonly channel: string;
      readonly visitor: Visitor;
      /** `last`: sequence number of the last record. */
      readonly window: (last: number) => Window;
    }
  /** From now on `entries` are told, as they come. */
  | { readonly kind: 'follow'; readonly channel: string; readonly logId: string; readonly view: LogView }
  | { readonly kind: 'unfollow'; readonly channel: string }
  | { readonly kind: 'set-timer'; readonly timer: SessionTimer; readonly delayMs: number }
  | { readonly kind: 'cancel-timer'; readonly timer: SessionTimer }
  | { readonly kind: 'close'; readonly disconnect: Disconnect };

/** A synchronous state machine: no sockets, no timers, no waiting. After a `close` it is told nothing any more. */
export interface Session {
  begin(): readonly SessionEffect[];
  handle(event: SessionEvent): readonly SessionEffect[];
  /** Where a channel that is followed stands. */
  position(channel: string): number | undefined;
}

export interface SessionParts {
  /** The name of this connection among all; clients see it. */
  readonly clientId: string;
  readonly random: Random;
  /** Undefined where that token, or none, lets nobody in. */
  readonly authenticate: (token: string | undefined) => Visitor | undefined;
}

export const CONNECT_WITHIN_MS = 15_000;
export const PING_INTERVAL_S = 25;
export const PONG_WITHIN_MS = 10_000;
export const CHANNELS_MAX = 128;
/** Characters. */
export const CHANNEL_NAME_MAX = 255;

/** Of the first ping: spread, so that the clients of a server that came back are not in step. */
export function firstPingMs(random: Random): number {
  return (PING_INTERVAL_S * 1_000 * (1 + random())) / 2;
}
