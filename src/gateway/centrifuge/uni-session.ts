/** The state machine of a connection on which only the server speaks, once the client has said what it wants. */
import {
  DISCONNECTS,
  type Disconnect,
  PING,
  type Position,
  publicationPushText,
  UNSUBSCRIBES,
  unsubscribePushText,
} from '../../protocol/channel.js';
import { type ConnectRequest, parseConnectRequest, type Recovery } from '../../protocol/channel-command.js';
import type { LogEntry, LogView } from '../../stream/record.js';
import { advance, type ChannelLog, enter, entranceWindow } from './channel-log.js';
import {
  CHANNEL_NAME_MAX,
  CHANNELS_MAX,
  CONNECT_WITHIN_MS,
  firstPingMs,
  type Message,
  PING_INTERVAL_S,
  type Session,
  type SessionEffect,
  type SessionEvent,
  type SessionParts,
  type SessionTimer,
} from './machine.js';

export interface UniSessionOptions extends SessionParts {
  /** Where a client that wants one channel stood before its connection broke, as the transport kept it for the client. */
  readonly lastPosition: Position | undefined;
}

interface Wanted {
  readonly channel: string;
  readonly request: Recovery;
}

interface Entered {
  readonly channel: string;
  /** JSON text. */
  readonly result: string;
  readonly hasEnded: boolean;
  readonly logId: string;
  readonly view: LogView;
}

export class UniSession implements Session {
  readonly #options: UniSessionOptions;
  /** Channels that are looked for, by the number of the look. */
  readonly #wanted = new Map<number, Wanted>();
  readonly #entered: Entered[] = [];
  readonly #positions = new Map<string, number>();
  #isAsked = false;
  /** True where one channel was asked for: then a position is all that a client needs to come back. */
  #isOnly = false;
  #epoch = '';
  #isClosed = false;
  #effects: SessionEffect[] = [];

  constructor(options: UniSessionOptions) {
    this.#options = options;
  }

  begin(): readonly SessionEffect[] {
    this.#effects.push({ kind: 'set-timer', timer: 'connect', delayMs: CONNECT_WITHIN_MS });
    return this.#taken();
  }

  handle(event: SessionEvent): readonly SessionEffect[] {
    if (this.#isClosed) return [];
    switch (event.kind) {
      case 'message':
        // What comes later is not for anybody.
        if (!this.#isAsked) this.#connect(parseConnectRequest(event.text));
        break;
      case 'looked':
        this.#looked(event.look, event.log);
        break;
      case 'entries':
        this.#follow(event.channel, event.entries, event.last);
        break;
      case 'timer':
        this.#timeOver(event.timer, event.isBehind);
        break;
    }
    return this.#taken();
  }

  position(channel: string): number | undefined {
    return this.#positions.get(channel);
  }

  #connect(request: ConnectRequest | undefined): void {
    if (!request) {
      this.#close(DISCONNECTS.badRequest);
      return;
    }
    this.#isAsked = true;
    const visitor = this.#options.authenticate(request.token);
    if (!visitor) {
      this.#close(DISCONNECTS.invalidToken);
      return;
    }
    if (request.subs.size > CHANNELS_MAX) {
      this.#close(DISCONNECTS.channelLimit);
      return;
    }
    this.#effects.push({ kind: 'cancel-timer', timer: 'connect' });
    this.#isOnly = request.subs.size === 1;
    for (const [channel, asked] of request.subs) {
      if (channel === '' || channel.length > CHANNEL_NAME_MAX) continue;
      const recovery = this.#isOnly ? this.#resumed(asked) : asked;
      const look = this.#wanted.size + 1;
      this.#wanted.set(look, { channel, request: recovery });
      this.#effects.push({ kind: 'look', look, channel, visitor, window: () => entranceWindow(recovery) });
    }
    if (this.#wanted.size === 0) this.#welcome();
  }

  /** What the transport knows is newer than what stands in the address of the connection. */
  #resumed(asked: Recovery): Recovery {
    const { lastPosition } = this.#options;
    return lastPosition ? { ...asked, ...lastPosition, recover: true } : asked;
  }

  /** Channels that are not there, or not for this visitor, are left out. */
  #looked(look: number, log: ChannelLog | 'failed' | undefined): void {
    const wanted = this.#wanted.get(look);
    if (!wanted) return;
    if (log === 'failed') {
      this.#close(DISCONNECTS.serverError);
      return;
    }
    this.#wanted.delete(look);
    if (log) this.#enter(wanted, log);
    if (this.#wanted.size === 0) this.#welcome();
  }

  #enter({ channel, request }: Wanted, log: ChannelLog): void {
    const entrance = enter(request, log);
    if (entrance === 'unrecoverable') return;
    const { result, position, hasEnded } = entrance;
    this.#entered.push({ channel, result, hasEnded, logId: log.logId, view: log.view });
    this.#positions.set(channel, position);
    this.#epoch = log.epoch;
  }

  #welcome(): void {
    const { clientId, random } = this.#options;
    const head = `{"connect":{"client":${JSON.stringify(clientId)},"ping":${PING_INTERVAL_S}`;
    const subs = this.#entered.map(({ channel, result }) => `${JSON.stringify(channel)}:${result}`);
    const [only] = this.#entered;
    this.#send(
      `${head}${subs.length > 0 ? `,"subs":{${subs.join(',')}}` : ''}}}`,
      only && this.#positions.get(only.channel),
    );
    this.#effects.push({ kind: 'set-timer', timer: 'ping', delayMs: firstPingMs(random) });
    for (const { channel, hasEnded, logId, view } of this.#entered) {
      if (hasEnded) this.#end(channel, UNSUBSCRIBES.ended);
      else this.#effects.push({ kind: 'follow', channel, logId, view });
    }
  }

  #follow(channel: string, entries: readonly LogEntry[] | undefined, last: number): void {
    const position = this.#positions.get(channel);
    if (position === undefined) return;
    const step = entries && advance(position, entries, last);
    if (!step) {
      this.#effects.push({ kind: 'unfollow', channel });
      this.#end(channel, UNSUBSCRIBES.insufficientState);
      return;
    }
    this.#positions.set(channel, step.position);
    const name = JSON.stringify(channel);
    for (const publication of step.publications) {
      this.#send(publicationPushText(name, publication, true), publication.offset);
    }
    if (!step.hasEnded) return;
    this.#effects.push({ kind: 'unfollow', channel });
    this.#end(channel, UNSUBSCRIBES.ended);
  }

  #end(channel: string, why: Disconnect): void {
    this.#positions.delete(channel);
    this.#send(unsubscribePushText(channel, why, true));
  }

  #timeOver(timer: SessionTimer, isBehind: boolean): void {
    if (timer === 'connect') {
      this.#close(DISCONNECTS.stale);
      return;
    }
    this.#effects.push({ kind: 'set-timer', timer: 'ping', delayMs: PING_INTERVAL_S * 1_000 });
    if (!isBehind) this.#send(PING);
  }

  /** `offset`: where the client stands then. */
  #send(text: string, offset?: number): void {
    const isPosition = this.#isOnly && offset !== undefined && offset > 0;
    const message: Message = isPosition ? { text, position: { epoch: this.#epoch, offset } } : { text };
    this.#effects.push({ kind: 'send', message });
  }

  #close(disconnect: Disconnect): void {
    this.#isClosed = true;
    this.#effects.push({ kind: 'close', disconnect });
  }

  #taken(): readonly SessionEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}
