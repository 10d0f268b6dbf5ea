/** The requests under way, so that all of them can be ended when the server stops. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { GollamaError } from '../base/errors.js';

export class ActiveRequests {
  readonly #controllers = new Set<AbortController>();
  readonly #watches = new Map<ServerResponse, Watch>();
  /**
   * One watch a connection is kept for its next request: making an AbortController for each request costs about as much as all
   * else that the gateway does for a small answer.
   */
  readonly #kept = new WeakMap<Socket, Watch>();

  get size(): number {
    return this.#controllers.size;
  }

  /** A signal that aborts when the client goes before its answer is complete, or at `abortAll`. `over` must follow. */
  add(response: ServerResponse): AbortSignal {
    const { socket } = response.req;
    const watch = this.#watchFor(socket);
    const { controller } = watch;
    if (socket.destroyed) {
      controller.abort();
      return controller.signal;
    }
    this.#watches.set(response, watch);
    watch.begin(response);
    return controller.signal;
  }

  /** Everything that was done for the request is over, and nothing listens to its signal any more. */
  over(response: ServerResponse): void {
    const watch = this.#watches.get(response);
    if (!watch) return;
    this.#watches.delete(response);
    watch.isOver = true;
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
class Watch {
  readonly controller = new AbortController();
  /** Nothing listens to the signal any more. */
  isOver = true;
  readonly #active: Set<AbortController>;
  /** Undefined where the answer is complete, or the connection is closed. */
  #response: ServerResponse | undefined;

  constructor(active: Set<AbortController>) {
    this.#active = active;
  }

  get isFree(): boolean {
    return this.isOver && this.#response === undefined && !this.controller.signal.aborted;
  }

  begin(response: ServerResponse): void {
    this.isOver = false;
    this.#response = response;
    this.#active.add(this.controller);
    response.on('close', this.#onClose);
    // A request that was sent before the answer to another one was complete: its response is not bound to the connection
    // yet and does not hear that it closes.
    if (response.socket === null) response.req.socket.on('close', this.#onClose);
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
