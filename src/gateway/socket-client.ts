/** One WebSocket client that only listens: it is pinged, and given up where it takes nothing. */
import type { WebSocket } from 'ws';
import type { Clock, Timer } from '../base/clock.js';
import { CLIENT_STALL_MS } from './drained.js';

const PING_MS = 25_000;
/** Above it a client is behind. */
const BUFFERED_BYTES_MAX = 1024 * 1024;
/** From the close frame, which waits behind what was sent before, to the end of the connection. */
const CLOSE_PATIENCE_MS = 1_000;

export class SocketClient {
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  readonly #onDrain: () => void;
  #ping: Timer;
  #patience: Timer | undefined;
  #hasAnswered = true;
  #pending = 0;

  /** `onDrain` is called when a client that was behind is not any more; `onClose` once. */
  constructor(socket: WebSocket, clock: Clock, events: { onDrain: () => void; onClose: () => void }) {
    this.#socket = socket;
    this.#clock = clock;
    this.#onDrain = events.onDrain;
    this.#ping = this.#nextPing();
    socket.on('pong', () => {
      this.#hasAnswered = true;
    });
    // `close` tells the rest.
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#ping.cancel();
      this.#patience?.cancel();
      events.onClose();
    });
  }

  /** Messages that have not left yet. */
  get pending(): number {
    return this.#pending;
  }

  /** True where it has so much to take that nothing more should be sent; it has a minute from the first time it is asked. */
  isBehind(): boolean {
    if (this.#socket.bufferedAmount <= BUFFERED_BYTES_MAX) return false;
    this.#patience ??= this.#clock.after(CLIENT_STALL_MS, () => this.#socket.terminate());
    return true;
  }

  /** `message`: UTF-8; it is kept as it is until it has left. */
  send(message: Buffer): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#pending += 1;
    this.#socket.send(message, { binary: false }, () => {
      this.#pending -= 1;
      this.#lookDrained();
    });
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
    this.#patience?.cancel();
    this.#patience = this.#clock.after(CLOSE_PATIENCE_MS, () => this.#socket.terminate());
  }

  #lookDrained(): void {
    const isOpen = this.#socket.readyState === this.#socket.OPEN;
    if (!isOpen || !this.#patience || this.#socket.bufferedAmount > BUFFERED_BYTES_MAX) return;
    this.#patience.cancel();
    this.#patience = undefined;
    this.#onDrain();
  }

  #nextPing(): Timer {
    return this.#clock.after(PING_MS, () => {
      // A ping waits behind what was sent before it: of a client that is behind, no answer says nothing.
      const isBehind = this.isBehind();
      if (!this.#hasAnswered && !isBehind) {
        this.#socket.terminate();
        return;
      }
      this.#hasAnswered = isBehind;
      if (!isBehind) this.#socket.ping();
      this.#ping = this.#nextPing();
    });
  }
}
