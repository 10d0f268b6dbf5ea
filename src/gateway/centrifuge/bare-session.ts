/** The state machine of a stream that tells one channel, and nothing beside its data. */
import { DISCONNECTS, PING } from '../../protocol/channel.js';
import type { LogEntry } from '../../stream/record.js';
import { advance, type ChannelLog } from './channel-log.js';
import type { Session, SessionEffect, SessionEvent } from './machine.js';

export interface BareSessionOptions {
  readonly log: ChannelLog;
  /** Where the client stands. */
  readonly after: number;
  /** After a silence of that time the stream says that it lives. */
  readonly heartbeatMs: number;
}

const CHANNEL = '';

export class BareSession implements Session {
  readonly #options: BareSessionOptions;
  #position: number;

  constructor(options: BareSessionOptions) {
    this.#options = options;
    this.#position = options.after;
  }

  begin(): readonly SessionEffect[] {
    const { logId, view, entries, last } = this.#options.log;
    return [{ kind: 'follow', channel: CHANNEL, logId, view }, ...this.#tell(entries, last)];
  }

  handle(event: SessionEvent): readonly SessionEffect[] {
    if (event.kind === 'entries') return this.#tell(event.entries, event.last);
    if (event.kind !== 'timer') return [];
    return [...(event.isBehind ? [] : [{ kind: 'send', message: { text: PING } } as const]), this.#heartbeat()];
  }

  position(): number {
    return this.#position;
  }

  #tell(entries: readonly LogEntry[] | undefined, last: number): readonly SessionEffect[] {
    const step = entries && advance(this.#position, entries, last);
    // The client comes again from its position, and hears then what became of the log.
    if (!step) return [{ kind: 'close', disconnect: DISCONNECTS.closed }];
    this.#position = step.position;
    const { epoch } = this.#options.log;
    const sends = step.publications.map(({ data, offset }): SessionEffect => {
      const position = offset === undefined ? {} : { position: { epoch, offset } };
      return { kind: 'send', message: { text: data, ...position } };
    });
    return [...sends, step.hasEnded ? { kind: 'close', disconnect: DISCONNECTS.closed } : this.#heartbeat()];
  }

  #heartbeat(): SessionEffect {
    return { kind: 'set-timer', timer: 'ping', delayMs: this.#options.heartbeatMs };
  }
}
