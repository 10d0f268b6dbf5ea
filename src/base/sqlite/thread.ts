/** A worker thread, from the side of the main thread. */
import type { Worker } from 'node:worker_threads';
import { workerBeside } from '../program-beside.js';

/** A file of the folder of `beside` (an `import.meta.url`), without its ending. */
export interface ThreadProgram {
  readonly beside: string;
  readonly name: string;
}

export interface ThreadEars<Tells> {
  hear(message: Tells): void;
  /** It ended without having been asked to. */
  died(reason: Error): void;
}

export class Thread<Takes, Tells> {
  readonly #worker: Worker;
  readonly #ended: Promise<void>;
  #isWanted = true;

  constructor({ beside, name }: ThreadProgram, setup: unknown, ears: ThreadEars<Tells>) {
    this.#worker = workerBeside(beside, name, { workerData: setup, name: `gollama ${name}` });
    let reason = new Error(`the thread ${name} ended`);
    this.#worker.on('message', (message: Tells) => ears.hear(message));
    this.#worker.on('error', (error: Error) => {
      reason = error;
    });
    this.#ended = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        resolve();
        if (this.#isWanted) ears.died(reason);
      });
    });
  }

  tell(message: Takes): void {
    this.#worker.postMessage(message);
  }

  /** While it is, the process does not end by itself. */
  set isBusy(isBusy: boolean) {
    if (isBusy) this.#worker.ref();
    else this.#worker.unref();
  }

  /** Idempotent; resolves when it is gone. */
  async end(): Promise<void> {
    this.#isWanted = false;
    // What waits for its end is not to end before it.
    this.isBusy = true;
    await this.#worker.terminate();
    await this.#ended;
  }
}
