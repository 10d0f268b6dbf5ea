/** The requests under way, so that all of them can be ended when the server stops. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { GollamaError } from '../base/errors.js';

export interface ActiveRequest {
  /** Aborts when the client goes before its answer is complete, or at `abortAll`. */
  readonly signal: AbortSignal;
  /** Everything that was done for the request is over, and nothing listens to its signal any more. */
  over(): void;
}

/**
 * No collection here has the requests themselves for keys or members: a Map or a Set that entries come to and go from at such a
 * rate leaves a chain of outgrown tables, through which V8 keeps what was in them until the next full garbage collection.
 */
export class ActiveRequests {
  readonly #controllers = new Set<AbortController>();
  /**
   * One watch a connection is kept for its next request: making an AbortController for each request costs about as much as all
   * else that the gateway does for a small answer.
   */
  readonly #kept = new WeakMap<Socket, Watch>();

  get size(): number {
    return this.#controllers.size;
  }

  /** Its `over` must follow. */
  add(response: ServerResponse): ActiveRequest {
    const { socket } = response.req;
    const watch = this.#watchFor(socket);
    if (socket.destroyed) watch.controller.abort();
    else watch.begin(response);
    return watch;
  }

  abortAll(reason: GollamaError): void {
    for (const controller of this.#controllers) controller.abort(reason);
  }

  #watchFor(socket: Socket): Watch {
    const kept = this.#kept.get(socket);
    if (kept?.isFree) return kept;
    const watch = new Watch(this.#controllers);
    // Of requests that were sent before the answer to another one was complete, the first keeps its watch.
    if (kept === undefined || kept.controller.signal.aborted) this.#kept.set(socket, watch);
    return watch;
  }
}

/** Watches one request after the other. */
class Watch implements ActiveRequest {
  readonly controller = new AbortController();
  #isOver = true;
  readonly #active: Set<AbortController>;
  /** Undefined where the answer is complete, or the connection is closed. */
  #response: ServerResponse | undefined;

  constructor(active: Set<AbortController>) {
    this.#active = active;
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  get isFree(): boolean {
    return this.#isOver && this.#response === undefined && !this.controller.signal.aborted;
  }

  begin(response: ServerResponse): void {
    this.#isOver = false;
    this.#response = response;
    this.#active.add(this.controller);
    response.on('close', this.#onClose);
    // A request that was sent before the answer to another one was complete: its response is not bound to the connection
    // yet and does not hear that it closes.
    if (response.socket === null) response.req.socket.on('close', this.#onClose);
  }

  over(): void {
    this.#isOver = true;
  }

  readonly #onClose = () => {
    const response = this.#response;
    if (response === undefined) return;
    this.#response = undefined;
    this.#active.delete(this.controller);
    response.off('close', this.#onClose);
    response.req.socket.off('close', this.#onClose);
    if (!response.writableFinished) this.controller.abort();
  };
}
