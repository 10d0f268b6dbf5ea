/** The state machine of a connection on which client and server speak: command in, replies and pushes out. */
import {
  CHANNEL_ERRORS,
  type ChannelError,
  DISCONNECTS,
  type Disconnect,
  errorReplyText,
  historyResultText,
  PING,
  publicationPushText,
  replyText,
  UNSUBSCRIBES,
  unsubscribePushText,
} from '../../protocol/channel.js';
import {
  type Command,
  type ConnectRequest,
  type HistoryRequest,
  parseCommands,
  type SubscribeRequest,
} from '../../protocol/channel-command.js';
import type { LogEntry } from '../../stream/record.js';
import type { Visitor } from '../../tasks/task-queue.js';
import { advance, type ChannelLog, enter, entranceWindow, historyWindow } from './channel-log.js';
import {
  CHANNEL_NAME_MAX,
  CHANNELS_MAX,
  CONNECT_WITHIN_MS,
  firstPingMs,
  PING_INTERVAL_S,
  PONG_WITHIN_MS,
  type Session,
  type SessionEffect,
  type SessionEvent,
  type SessionParts,
  type SessionTimer,
} from './machine.js';
import { publicationsOf } from './publication.js';

export interface ClientSessionOptions extends SessionParts {
  /** Undefined where client and server share one connection; else where the client's commands are to be sent. */
  readonly emulation: { readonly session: string; readonly node: string } | undefined;
  /** False where the transport pings in its own way. */
  readonly pings: boolean;
}

/** Histories that may be looked up at once. */
const HISTORIES_MAX = 16;
/** All that may be looked up at once, what was taken back included. */
const LOOKS_MAX = 2 * CHANNELS_MAX;

type Subscription =
  | { readonly phase: 'entering'; readonly look: number; readonly id: number }
  /** `name`: of the channel, as JSON text. */
  | { readonly phase: 'followed'; readonly name: string; position: number };

type Look =
  /** Of a subscription that was taken back. */
  | { readonly purpose: 'none' }
  | { readonly purpose: 'subscribe'; readonly id: number; readonly request: SubscribeRequest }
  | { readonly purpose: 'history'; readonly id: number; readonly request: HistoryRequest };

export class ClientSession implements Session {
  readonly #options: ClientSessionOptions;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #looks = new Map<number, Look>();
  #visitor: Visitor | undefined;
  #lookCount = 0;
  #awaitsPong = false;
  #isClosed = false;
  #effects: SessionEffect[] = [];

  constructor(options: ClientSessionOptions) {
    this.#options = options;
  }

  begin(): readonly SessionEffect[] {
    this.#setTimer('connect', CONNECT_WITHIN_MS);
    return this.#taken();
  }

  handle(event: SessionEvent): readonly SessionEffect[] {
    if (this.#isClosed) return [];
    switch (event.kind) {
      case 'message':
        this.#receive(event.text);
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
    const subscription = this.#subscriptions.get(channel);
    return subscription?.phase === 'followed' ? subscription.position : undefined;
  }

  #receive(text: string): void {
    const commands = parseCommands(text);
    if (!commands) this.#close(DISCONNECTS.badRequest);
    for (const command of commands ?? []) {
      if (this.#isClosed) return;
      this.#obey(command);
    }
  }

  #obey(command: Command): void {
    if (command.method === 'connect') {
      this.#connect(command.id, command.request);
      return;
    }
    const visitor = this.#visitor;
    if (!visitor) {
      this.#close(DISCONNECTS.badRequest);
      return;
    }
    switch (command.method) {
      case 'pong':
        this.#pong();
        return;
      case 'send':
        this.#close(DISCONNECTS.notAvailable);
        return;
      case 'subscribe':
        this.#subscribe(command.id, command.request, visitor);
        return;
      case 'unsubscribe':
        this.#unsubscribe(command.id, command.channel);
        return;
      case 'history':
        this.#history(command.id, command.request, visitor);
        return;
      case 'unavailable':
        this.#refuse(command.id, CHANNEL_ERRORS.notAvailable);
        return;
      case 'unknown':
        this.#refuse(command.id, CHANNEL_ERRORS.methodNotFound);
        return;
    }
  }

  #connect(id: number, { token }: ConnectRequest): void {
    const { authenticate, clientId, emulation, pings, random } = this.#options;
    if (this.#visitor) {
      this.#close(DISCONNECTS.badRequest);
      return;
    }
    this.#visitor = authenticate(token);
    if (!this.#visitor) {
      this.#close(DISCONNECTS.invalidToken);
      return;
    }
    const ping = pings ? { ping: PING_INTERVAL_S, pong: true } : {};
    this.#send(replyText(id, 'connect', JSON.stringify({ client: clientId, ...ping, ...emulation })));
    this.#effects.push({ kind: 'cancel-timer', timer: 'connect' });
    if (pings) this.#setTimer('ping', firstPingMs(random));
  }

  #subscribe(id: number, request: SubscribeRequest, visitor: Visitor): void {
    const { channel } = request;
    if (channel.length > CHANNEL_NAME_MAX) {
      this.#refuse(id, CHANNEL_ERRORS.badRequest);
      return;
    }
    if (this.#subscriptions.has(channel)) {
      this.#refuse(id, CHANNEL_ERRORS.alreadySubscribed);
      return;
    }
    if (this.#looks.size >= LOOKS_MAX) {
      this.#refuse(id, CHANNEL_ERRORS.tooManyRequests);
      return;
    }
    if (this.#subscriptions.size >= CHANNELS_MAX) {
      this.#refuse(id, CHANNEL_ERRORS.limitExceeded);
      return;
    }
    const look = this.#nextLook({ purpose: 'subscribe', id, request });
    this.#subscriptions.set(channel, { phase: 'entering', look, id });
    this.#effects.push({ kind: 'look', look, channel, visitor, window: () => entranceWindow(request) });
  }

  #unsubscribe(id: number, channel: string): void {
    const subscription = this.#subscriptions.get(channel);
    if (subscription?.phase === 'entering') {
      // Every command is answered, also one that was taken back.
      this.#refuse(subscription.id, CHANNEL_ERRORS.notAvailable);
      this.#looks.set(subscription.look, { purpose: 'none' });
    }
    this.#leave(channel);
    this.#send(replyText(id, 'unsubscribe', '{}'));
  }

  #history(id: number, request: HistoryRequest, visitor: Visitor): void {
    const { channel } = request;
    if (channel.length > CHANNEL_NAME_MAX) {
      this.#refuse(id, CHANNEL_ERRORS.badRequest);
      return;
    }
    const underWay = [...this.#looks.values()].filter(({ purpose }) => purpose === 'history');
    if (underWay.length >= HISTORIES_MAX) {
      this.#refuse(id, CHANNEL_ERRORS.tooManyRequests);
      return;
    }
    const look = this.#nextLook({ purpose: 'history', id, request });
    this.#effects.push({ kind: 'look', look, channel, visitor, window: (last) => historyWindow(request, last) });
  }

  #looked(number: number, log: ChannelLog | 'failed' | undefined): void {
    const look = this.#looks.get(number);
    if (!look) return;
    this.#looks.delete(number);
    if (look.purpose === 'none') return;
    if (log === undefined || log === 'failed') {
      if (look.purpose === 'subscribe') this.#subscriptions.delete(look.request.channel);
      this.#refuse(look.id, log === undefined ? CHANNEL_ERRORS.unknownChannel : CHANNEL_ERRORS.internal);
      return;
    }
    if (look.purpose === 'subscribe') this.#enter(look.id, look.request, log);
    else this.#tellHistory(look.id, look.request, log);
  }

  #enter(id: number, request: SubscribeRequest, log: ChannelLog): void {
    const { channel } = request;
    const entrance = enter(request, log);
    if (entrance === 'unrecoverable') {
      this.#subscriptions.delete(channel);
      this.#refuse(id, CHANNEL_ERRORS.unrecoverablePosition);
      return;
    }
    this.#subscriptions.set(channel, { phase: 'followed', name: JSON.stringify(channel), position: entrance.position });
    this.#send(replyText(id, 'subscribe', entrance.result));
    if (entrance.hasEnded) this.#end(channel, UNSUBSCRIBES.ended);
    else this.#effects.push({ kind: 'follow', channel, logId: log.logId, view: log.view });
  }

  #tellHistory(id: number, { since, reverse }: HistoryRequest, log: ChannelLog): void {
    if (since && since.epoch !== '' && since.epoch !== log.epoch) {
      this.#refuse(id, CHANNEL_ERRORS.unrecoverablePosition);
      return;
    }
    const publications = publicationsOf(log.entries, false);
    const told = reverse ? [...publications].reverse() : publications;
    this.#send(replyText(id, 'history', historyResultText({ epoch: log.epoch, offset: log.last }, told)));
  }

  #follow(channel: string, entries: readonly LogEntry[] | undefined, last: number): void {
    const subscription = this.#subscriptions.get(channel);
    if (subscription?.phase !== 'followed') return;
    const step = entries && advance(subscription.position, entries, last);
    // Never a silent gap: the client is told to come again from its position.
    if (!step) {
      this.#end(channel, UNSUBSCRIBES.insufficientState);
      return;
    }
    for (const publication of step.publications) this.#send(publicationPushText(subscription.name, publication, false));
    subscription.position = step.position;
    if (step.hasEnded) this.#end(channel, UNSUBSCRIBES.ended);
  }

  #end(channel: string, why: Disconnect): void {
    this.#leave(channel);
    this.#send(unsubscribePushText(channel, why, false));
  }

  #leave(channel: string): void {
    if (this.#subscriptions.get(channel)?.phase === 'followed') this.#effects.push({ kind: 'unfollow', channel });
    this.#subscriptions.delete(channel);
  }

  #pong(): void {
    if (!this.#awaitsPong) {
      this.#close(DISCONNECTS.badRequest);
      return;
    }
    this.#awaitsPong = false;
    this.#effects.push({ kind: 'cancel-timer', timer: 'pong' });
  }

  #timeOver(timer: SessionTimer, isBehind: boolean): void {
    if (timer === 'connect') {
      this.#close(DISCONNECTS.stale);
      return;
    }
    if (timer === 'pong') {
      if (isBehind) this.#setTimer('pong', PONG_WITHIN_MS);
      else this.#close(DISCONNECTS.noPong);
      return;
    }
    this.#setTimer('ping', PING_INTERVAL_S * 1_000);
    if (this.#awaitsPong || isBehind) return;
    this.#awaitsPong = true;
    this.#send(PING);
    this.#setTimer('pong', PONG_WITHIN_MS);
  }

  #nextLook(look: Look): number {
    this.#lookCount += 1;
    this.#looks.set(this.#lookCount, look);
    return this.#lookCount;
  }

  #refuse(id: number, error: ChannelError): void {
    this.#send(errorReplyText(id, error));
  }

  #send(text: string): void {
    this.#effects.push({ kind: 'send', message: { text } });
  }

  #setTimer(timer: SessionTimer, delayMs: number): void {
    this.#effects.push({ kind: 'set-timer', timer, delayMs });
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
