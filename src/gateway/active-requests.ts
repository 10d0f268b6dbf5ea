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
    this.#controllers.add(controller);
    response.once('close', () => {
      this.#controllers.delete(controller);
      if (!response.writableFinished) controller.abort();
    });
    return controller.signal;
  }

  abortAll(reason: GollamaError): void {
    for (const controller of this.#controllers) controller.abort(reason);
  }
}
