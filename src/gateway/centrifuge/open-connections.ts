/** The connections of this process, and the sessions whose clients speak by other requests. */
import { randomUUID } from 'node:crypto';
import { pause } from '../../base/clock.js';
import { GollamaError } from '../../base/errors.js';
import { DISCONNECTS } from '../../protocol/channel.js';
import { Connection, type ConnectionParts, type Transport } from './connection.js';
import type { Session } from './machine.js';

/** For what was sent last, at the end of the server. */
const CLOSE_PATIENCE_MS = 1_000;

export class OpenConnections {
  /** Names this process to clients: a session of another one means nothing here. */
  readonly node = randomUUID();
  readonly #parts: ConnectionParts;
  readonly #connections = new Set<Connection>();
  readonly #sessions = new Map<string, Connection>();
  /** Connections whose last bytes are still on their way. */
  #leaving = 0;
  readonly #hasLeft = new AbortController();
  #isClosing = false;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
  }

  /** Before anything is sent. Throws `shutting_down`. */
  admit(): void {
    if (this.#isClosing) throw new GollamaError('shutting_down', 'the server is stopping');
  }

  /** `sessionId`: the secret with which other requests speak for this connection. */
  open(transport: Transport, session: Session, sessionId?: string): Connection {
    this.#leaving += 1;
    const connection: Connection = new Connection(this.#parts, transport, session, () => {
      this.#connections.delete(connection);
      if (sessionId !== undefined) this.#sessions.delete(sessionId);
    });
    this.#connections.add(connection);
    if (sessionId !== undefined) this.#sessions.set(sessionId, connection);
    connection.begin();
    return connection;
  }

  /** Of each connection once, when its transport has gone. */
  left(): void {
    this.#leaving -= 1;
    if (this.#isClosing && this.#leaving === 0) this.#hasLeft.abort();
  }

  ofSession(sessionId: string): Connection | undefined {
    return this.#sessions.get(sessionId);
  }

  /** Tells every client to come again. Resolves when they have heard it, or after a second. */
  async closeAll(): Promise<void> {
    this.#isClosing = true;
    for (const connection of [...this.#connections]) connection.disconnect(DISCONNECTS.shutdown);
    if (this.#leaving > 0) await pause(this.#parts.clock, CLOSE_PATIENCE_MS, this.#hasLeft.signal);
  }
}
