/** The requests under way, so that all of them can be ended when the server stops. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { GollamaError } from '../base/errors.js';

interface Entry {
  readonly controller: AbortController;
  /** Nothing listens to the signal any more. */
  isOver: boolean;
  /** The answer is complete, or the connection is closed. */
  isClosed: boolean;
}

export class ActiveRequests {
  readonly #controllers = new Set<AbortController>();
  readonly #entries = new WeakMap<ServerResponse, Entry>();
  /**
   * Controllers that were never aborted, for the next request of their connection: making one for each request costs about
   * as much as all else that the gateway does for a small answer.
   */
  readonly #spare = new WeakMap<Socket, AbortController>();

  get size(): number {
    return this.#controllers.size;
  }

  /** A signal that aborts when the client goes before its answer is complete, or at `abortAll`. */
  add(response: ServerResponse): AbortSignal {
    const { socket } = response.req;
    const controller = this.#spare.get(socket) ?? new AbortController();
    this.#spare.delete(socket);
    const entry = { controller, isOver: false, isClosed: false };
    const onClose = () => {
      this.#controllers.delete(controller);
      response.off('close', onClose);
      socket.off('close', onClose);
      if (!response.writableFinished) controller.abort();
      entry.isClosed = true;
      this.#keep(socket, entry);
    };
    if (socket.destroyed) {
      controller.abort();
      return controller.signal;
    }
    this.#entries.set(response, entry);
    this.#controllers.add(controller);
    response.once('close', onClose);
    // A request that was sent before the answer to another one was complete: its response is not bound to the connection
    // yet and does not hear that it closes.
    if (response.socket === null) socket.once('close', onClose);
    return controller.signal;
  }

  /** Everything that was done for the request is over, and nothing listens to its signal any more. */
  over(response: ServerResponse): void {
    const entry = this.#entries.get(response);
    if (!entry) return;
    entry.isOver = true;
    this.#keep(response.req.socket, entry);
  }

  abortAll(reason: GollamaError): void {
    for (const controller of this.#controllers) controller.abort(reason);
  }

  #keep(socket: Socket, { controller, isOver, isClosed }: Entry): void {
    if (isOver && isClosed && !controller.signal.aborted) this.#spare.set(socket, controller);
  }
}
