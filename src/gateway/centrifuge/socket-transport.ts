/** A connection on a WebSocket. */
import type { RawData, WebSocket } from 'ws';
import type { Clock, Timer } from '../../base/clock.js';
import type { Disconnect } from '../../protocol/channel.js';
import type { Connection, Transport } from './connection.js';
import { type Message, PING_INTERVAL_S, type Session } from './machine.js';
import type { OpenConnections } from './open-connections.js';

export interface SocketParts {
  readonly open: OpenConnections;
  readonly clock: Clock;
}

/** More than that is not sent before the client has taken some of it. */
const BUFFERED_BYTES_MAX = 64 * 1024;
/** What a frame has beside its data, at most. */
const FRAME_BYTES = 14;
/** From the close frame, which waits behind what was sent before, to the end of the connection. */
const CLOSE_PATIENCE_MS = 1_000;

const TEXT_FRAME = { binary: false };

/** What was sent last: where many follow a channel, the next one is sent the same. */
let lastSent = { text: '', bytes: Buffer.alloc(0) };

/** `nativePings`: in the frames of the WebSocket protocol, for clients that do not know those of Centrifuge. */
export function openSocket(
  { open, clock }: SocketParts,
  socket: WebSocket,
  session: Session,
  nativePings = false,
): Connection {
  const transport = new SocketTransport(socket, clock, () => connection.drained());
  const connection: Connection = open.open(transport, session);
  if (nativePings) transport.ping();
  socket.on('message', (data: RawData) => connection.receive(String(data)));
  // `close` tells the rest.
  socket.on('error', () => {});
  socket.once('close', () => {
    transport.hasClosed();
    connection.closed();
    open.left();
  });
  return connection;
}

class SocketTransport implements Transport {
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  readonly #onDrain: () => void;
  #isBehind = false;
  #patience: Timer | undefined;
  #ping: Timer | undefined;

  constructor(socket: WebSocket, clock: Clock, onDrain: () => void) {
    this.#socket = socket;
    this.#clock = clock;
    this.#onDrain = onDrain;
  }

  get isBehind(): boolean {
    return this.#isBehind;
  }

  get pendingBytes(): number {
    return this.#socket.bufferedAmount;
  }

  send(messages: readonly Message[]): void {
    const [first] = messages;
    if (!first || this.#socket.readyState !== this.#socket.OPEN) return;
    const text = messages.length === 1 ? first.text : messages.map((message) => message.text).join('\n');
    const bytes = bytesOf(text);
    if (this.pendingBytes + bytes.length <= BUFFERED_BYTES_MAX - FRAME_BYTES) {
      this.#socket.send(bytes, TEXT_FRAME);
      return;
    }
    this.#socket.send(bytes, TEXT_FRAME, this.#hasSent);
    this.#isBehind = this.pendingBytes > BUFFERED_BYTES_MAX;
    // Commands of a client that does not take the answers wait in its connection.
    if (this.#isBehind) this.#socket.pause();
  }

  close({ code, reason }: Disconnect): void {
    const socket = this.#socket;
    socket.resume();
    socket.close(code, reason);
    this.#patience = this.#clock.after(CLOSE_PATIENCE_MS, () => socket.terminate());
  }

  /** Gives up a client that did not answer the ping before; one that is behind is not asked. */
  ping(): void {
    let hasAnswered = true;
    this.#socket.on('pong', () => {
      hasAnswered = true;
    });
    const next = () => {
      this.#ping = this.#clock.after(PING_INTERVAL_S * 1_000, () => {
        next();
        if (this.pendingBytes > 0) return;
        if (hasAnswered) this.#socket.ping();
        else this.#socket.terminate();
        hasAnswered = false;
      });
    };
    next();
  }

  hasClosed(): void {
    this.#patience?.cancel();
    this.#ping?.cancel();
  }

  readonly #hasSent = (): void => {
    if (!this.#isBehind || this.pendingBytes > BUFFERED_BYTES_MAX) return;
    this.#isBehind = false;
    this.#socket.resume();
    this.#onDrain();
  };
}

function bytesOf(text: string): Buffer {
  if (lastSent.text !== text) lastSent = { text, bytes: Buffer.from(text) };
  return lastSent.bytes;
}
