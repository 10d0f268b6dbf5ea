/** The requests under way, so that all of them can be ended when the server stops. */
import type { ServerResponse } from 'node:http';
import type { GollamaError } from '../base/errors.js';

export class ActiveRequests {
  readonly #controllers = new Set<AbortController>();

  get size(): number {
    return this.#controllers.size;
  }

  /** A signal that aborts when the client goes before its answer is complete, or at `abortAll`. */
  add(response: ServerResponse): AbortSignal {
    const controller = new AbortController();
    const { socket } = response.req;
    const onClose = () => {
      this.#controllers.delete(controller);
      response.off('close', onClose);
      socket.off('close', onClose);
      if (!response.writableFinished) controller.abort();
    };
    if (socket.destroyed) {
      controller.abort();
      return controller.signal;
    }
    this.#controllers.add(controller);
    response.once('close', onClose);
    // A request that was sent before the answer to another one was complete: its response is not bound to the connection
    // yet and does not hear that it closes.
    if (response.socket === null) socket.once('close', onClose);
    return controller.signal;
  }

  abortAll(reason: GollamaError): void {
    for (const controller of this.#controllers) controller.abort(reason);
  }
}
