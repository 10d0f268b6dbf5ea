/** A worker thread of the store, from the side of the main thread. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import type { ThreadSetup } from './messages.js';

export interface ThreadEars<Tells> {
  hear(message: Tells): void;
  /** It ended without having been asked to. */
  died(reason: Error): void;
}

export class Thread<Takes, Tells> {
  readonly #worker: Worker;
  readonly #ended: Promise<void>;
  #isWanted = true;

  /** `program` is the name of a file in this folder, without its ending. */
  constructor(program: string, setup: ThreadSetup, ears: ThreadEars<Tells>) {
    this.#worker = threadBeside(import.meta.url, program, { workerData: setup, name: `gollama ${program}` });
    let reason = new Error(`the ${program} of the task store ended`);
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
    this.isBusy = true;
    // What waits for its end is not to end before it.
    this.#worker.ref();
    await this.#worker.terminate();
    await this.#ended;
  }
}

/** Compiled beside the caller, or TypeScript where the caller is. */
function threadBeside(caller: string, program: string, options: WorkerOptions): Worker {
  if (!caller.endsWith('.ts')) return new Worker(new URL(`./${program}.js`, caller), options);
  // Node 20 does not give a thread the loader that its `execArgv` names.
  const loader = pathToFileURL(createRequire(caller).resolve('tsx/esm/api')).href.replace(/cjs$/, 'mjs');
  const load = (href: string) => `import(${JSON.stringify(href)})`;
  const { href } = new URL(`./${program}.ts`, caller);
  const bootstrap = `${load(loader)}.then(({ register }) => { register(); return ${load(href)}; });`;
  return new Worker(bootstrap, { ...options, execArgv: [], eval: true });
}
