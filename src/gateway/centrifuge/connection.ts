/**
 * A connection of a client: does what its session decides. It reads the logs of its channels while the client takes what it
 * was sent, and waits otherwise: one step is all that is in memory for a client, however slow.
 */
import type { Clock, Timer } from '../../base/clock.js';
import { messageOf } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { DISCONNECTS, type Disconnect } from '../../protocol/channel.js';
import { isTerminal, type LogEntry, type LogView } from '../../stream/record.js';
import { CLIENT_STALL_MS } from '../drained.js';
import { type ChannelLog, STEP_MAX } from './channel-log.js';
import { type LookUpParts, lookUp } from './look-up.js';
import type { Message, Session, SessionEffect, SessionEvent, SessionTimer } from './machine.js';

/** What carries a connection. It tells the connection of what comes by `receive`, `drained` and `closed`. */
export interface Transport {
  /** One frame, where the transport has frames. */
  send(messages: readonly Message[]): void;
  /** True where the client is to take what it was sent before it is sent more; `drained` is told when it has. */
  readonly isBehind: boolean;
  /** What the client has not taken yet. */
  readonly pendingBytes: number;
  close(disconnect: Disconnect): void;
}

export interface ConnectionParts extends LookUpParts {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Commands are answered at once; a client that sends them and takes no answers is given up here. */
const PENDING_BYTES_MAX = 8 * 1024 * 1024;

type Look = Extract<SessionEffect, { kind: 'look' }>;

interface Following {
  readonly channel: string;
  readonly logId: string;
  readonly view: LogView;
  /** Undefined while the client is behind: what it cannot be told anyway must not cost the writer anything. */
  unwatch: (() => void) | undefined;
  /** There may be something to read: it is among the `news`. */
  hasNews: boolean;
}

export class Connection {
  readonly #parts: ConnectionParts;
  readonly #transport: Transport;
  readonly #session: Session;
  readonly #onClose: () => void;
  readonly #timers = new Map<SessionTimer, Timer>();
  readonly #looks: Look[] = [];
  readonly #followings = new Map<string, Following>();
  /** In which there may be something to read, in the order in which they are read. */
  readonly #news: Following[] = [];
  #stall: Timer | undefined;
  #isPumping = false;
  #isClosed = false;

  /** `onClose` is called once, when nothing comes from here any more. */
  constructor(parts: ConnectionParts, transport: Transport, session: Session, onClose: () => void) {
    this.#parts = parts;
    this.#transport = transport;
    this.#session = session;
    this.#onClose = onClose;
  }

  begin(): void {
    this.#do(this.#session.begin());
  }

  /** Text from the client. */
  receive(text: string): void {
    if (this.#transport.pendingBytes > PENDING_BYTES_MAX) this.disconnect(DISCONNECTS.slow);
    else this.#tell({ kind: 'message', text });
  }

  /** The client has taken what it was sent. */
  drained(): void {
    this.#stall?.cancel();
    this.#stall = undefined;
    for (const following of this.#followings.values()) if (!following.unwatch) this.#watch(following);
    this.#pump();
  }

  /** The client has gone. Idempotent. */
  closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const timer of [...this.#timers.values(), ...(this.#stall ? [this.#stall] : [])]) timer.cancel();
    for (const channel of [...this.#followings.keys()]) this.#unfollow(channel);
    this.#looks.length = 0;
    this.#onClose();
  }

  disconnect(disconnect: Disconnect): void {
    if (this.#isClosed) return;
    this.#transport.close(disconnect);
    this.closed();
  }

  #tell(event: SessionEvent): void {
    if (!this.#isClosed) this.#do(this.#session.handle(event));
  }

  #do(effects: readonly SessionEffect[]): void {
    const messages: Message[] = [];
    for (const effect of effects) if (effect.kind === 'send') messages.push(effect.message);
    if (messages.length > 0) this.#transport.send(messages);
    for (const effect of effects) this.#doOne(effect);
    this.#pump();
  }

  #doOne(effect: SessionEffect): void {
    switch (effect.kind) {
      case 'send':
        return;
      case 'look':
        this.#looks.push(effect);
        return;
      case 'follow':
        this.#follow(effect);
        return;
      case 'unfollow':
        this.#unfollow(effect.channel);
        return;
      case 'set-timer':
        this.#setTimer(effect.timer, effect.delayMs);
        return;
      case 'cancel-timer':
        this.#timers.get(effect.timer)?.cancel();
        this.#timers.delete(effect.timer);
        return;
      case 'close':
        this.disconnect(effect.disconnect);
        return;
    }
  }

  #setTimer(timer: SessionTimer, delayMs: number): void {
    this.#timers.get(timer)?.cancel();
    const due = () => this.#tell({ kind: 'timer', timer, isBehind: this.#transport.pendingBytes > 0 });
    this.#timers.set(timer, this.#parts.clock.after(delayMs, due));
  }

  #follow({ channel, logId, view }: Extract<SessionEffect, { kind: 'follow' }>): void {
    const following: Following = { channel, logId, view, unwatch: undefined, hasNews: false };
    this.#followings.set(channel, following);
    this.#watch(following);
  }

  #watch(following: Following): void {
    following.unwatch = this.#parts.logs.watch(following.logId, () => {
      this.#noteNews(following);
      this.#pump();
    });
    // What came before the watch.
    this.#noteNews(following);
  }

  #noteNews(following: Following): void {
    if (following.hasNews) return;
    following.hasNews = true;
    this.#news.push(following);
  }

  #unfollow(channel: string): void {
    const following = this.#followings.get(channel);
    if (!following) return;
    following.unwatch?.();
    this.#followings.delete(channel);
    if (following.hasNews) this.#news.splice(this.#news.indexOf(following), 1);
  }

  #pump(): void {
    if (this.#isPumping || this.#isClosed) return;
    this.#isPumping = true;
    try {
      if (this.#tellHeld()) this.#isPumping = false;
      else void this.#work();
    } catch (thrown) {
      this.#failed(thrown);
    }
  }

  /** One thing after the other, as long as the client takes them. */
  async #work(): Promise<void> {
    try {
      while (!this.#tellHeld()) {
        const look = this.#looks.shift();
        if (look) await this.#look(look);
        else await this.#read();
      }
      this.#isPumping = false;
    } catch (thrown) {
      this.#failed(thrown);
    }
  }

  /** Tells what is in memory. False where the next thing to do takes waiting; true where there is nothing to do. */
  #tellHeld(): boolean {
    while (!this.#isClosed) {
      if (this.#transport.isBehind) {
        this.#awaitDrain();
        return true;
      }
      if (this.#looks.length > 0) return false;
      const [following] = this.#news;
      if (!following) return true;
      const position = this.#session.position(following.channel) ?? 0;
      const entries = this.#parts.logs.held(following.logId, position, STEP_MAX);
      if (entries === undefined) return false;
      this.#takeNews();
      this.#tellEntries(following, position, entries);
    }
    return true;
  }

  /** The next records, from where they are stored. */
  async #read(): Promise<void> {
    const following = this.#takeNews();
    if (!following) return;
    const position = this.#session.position(following.channel) ?? 0;
    const entries = await this.#parts.logs.read(following.logId, position, STEP_MAX);
    // Meanwhile the channel may have been left, and even entered again.
    if (this.#followings.get(following.channel) === following) this.#tellEntries(following, position, entries);
  }

  #takeNews(): Following | undefined {
    const following = this.#news.shift();
    if (following) following.hasNews = false;
    return following;
  }

  #failed(thrown: unknown): void {
    this.#isPumping = false;
    this.#parts.logger.error({ err: thrown }, 'a channel could not be read');
    this.disconnect(DISCONNECTS.serverError);
  }

  /** `entries`: what is behind the position of the channel; undefined where its log is not known (any more). */
  #tellEntries(following: Following, position: number, entries: readonly LogEntry[] | undefined): void {
    const hasNothing = entries === undefined ? position === 0 : entries.length === 0;
    if (hasNothing) return;
    const { channel, view } = following;
    const last = this.#lastOf(following, position, entries);
    if (entries && position + entries.length < last) this.#noteNews(following);
    this.#tell({ kind: 'entries', channel, entries: entries && view(entries), last });
  }

  /** Sequence number of the last record of the log, as far as that matters to whoever was told these. */
  #lastOf({ logId }: Following, position: number, entries: readonly LogEntry[] = []): number {
    const final = entries.at(-1);
    const isAll = final !== undefined && entries.length < STEP_MAX && !isTerminal(final.record);
    return isAll ? position + entries.length : (this.#parts.logs.last(logId) ?? 0);
  }

  async #look({ look, channel, visitor, window }: Look): Promise<void> {
    let log: ChannelLog | 'failed' | undefined;
    try {
      log = await lookUp(this.#parts, channel, visitor, window);
    } catch (thrown) {
      this.#parts.logger.warn({ problem: messageOf(thrown) }, 'a channel could not be looked up');
      log = 'failed';
    }
    this.#tell({ kind: 'looked', look, log });
  }

  /** A client that takes nothing for so long is given up; it may come back and go on where it was. */
  #awaitDrain(): void {
    for (const following of this.#followings.values()) {
      following.unwatch?.();
      following.unwatch = undefined;
    }
    if (this.#stall) return;
    const { pendingBytes } = this.#transport;
    this.#stall = this.#parts.clock.after(CLIENT_STALL_MS, () => {
      this.#stall = undefined;
      if (this.#transport.pendingBytes < pendingBytes) this.#awaitDrain();
      else this.disconnect(DISCONNECTS.slow);
    });
  }
}
