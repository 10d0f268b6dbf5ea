/** A connection on a WebSocket. */
import type { RawData } from 'ws';
import type { Clock, Timer } from '../../base/clock.js';
import type { Disconnect } from '../../protocol/channel.js';
import { type FramedSocket, sendFrame, textFrame } from '../shared-frame.js';
import type { Connection, Transport } from './connection.js';
import { type Message, PING_INTERVAL_S, type Session } from './machine.js';
import type { OpenConnections } from './open-connections.js';

export interface SocketParts {
  readonly open: OpenConnections;
  readonly clock: Clock;
}

/** More than that is not sent before the client has taken some of it. */
const BUFFERED_BYTES_MAX = 64 * 1024;
/** From the close frame, which waits behind what was sent before, to the end of the connection. */
const CLOSE_PATIENCE_MS = 1_000;

/** What was sent last: where many follow a channel, the next one is sent the same. */
let lastSent = { text: '', frame: textFrame('') };

/** `nativePings`: in the frames of the WebSocket protocol, for clients that do not know those of Centrifuge. */
export function openSocket(
  { open, clock }: SocketParts,
  framed: FramedSocket,
  session: Session,
  nativePings = false,
): Connection {
  const { socket } = framed;
  const transport = new SocketTransport(framed, clock, () => connection.drained());
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
  readonly #framed: FramedSocket;
  readonly #clock: Clock;
  readonly #onDrain: () => void;
  #isBehind = false;
  #patience: Timer | undefined;
  #ping: Timer | undefined;

  constructor(framed: FramedSocket, clock: Clock, onDrain: () => void) {
    this.#framed = framed;
    this.#clock = clock;
    this.#onDrain = onDrain;
  }

  get isBehind(): boolean {
    return this.#isBehind;
  }

  get pendingBytes(): number {
    return this.#framed.wire.writableLength;
  }

  send(messages: readonly Message[]): void {
    const [first] = messages;
    if (!first) return;
    const text = messages.length === 1 ? first.text : messages.map((message) => message.text).join('\n');
    const frame = frameOf(text);
    if (this.pendingBytes + frame.length <= BUFFERED_BYTES_MAX) {
      sendFrame(this.#framed, frame);
      return;
    }
    sendFrame(this.#framed, frame, this.#hasSent);
    this.#isBehind = this.pendingBytes > BUFFERED_BYTES_MAX;
    // Commands of a client that does not take the answers wait in its connection.
    if (this.#isBehind) this.#framed.socket.pause();
  }

  close({ code, reason }: Disconnect): void {
    const { socket } = this.#framed;
    socket.resume();
    socket.close(code, reason);
    this.#patience = this.#clock.after(CLOSE_PATIENCE_MS, () => socket.terminate());
  }

  /** Gives up a client that did not answer the ping before; one that is behind is not asked. */
  ping(): void {
    const { socket } = this.#framed;
    let hasAnswered = true;
    socket.on('pong', () => {
      hasAnswered = true;
    });
    const next = () => {
      this.#ping = this.#clock.after(PING_INTERVAL_S * 1_000, () => {
        next();
        if (this.pendingBytes > 0) return;
        if (hasAnswered) socket.ping();
        else socket.terminate();
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
    this.#framed.socket.resume();
    this.#onDrain();
  };
}

function frameOf(text: string): Buffer {
  if (lastSent.text !== text) lastSent = { text, frame: textFrame(text) };
  return lastSent.frame;
}
