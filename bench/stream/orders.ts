/** Orders from a parent process to its child, each answered once. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../../src/base/errors.js';

type Answer = { readonly answer: unknown } | { readonly error: string };

/** In the child, which ends with its parent. */
export function answerOrders<Order>(obey: (order: Order) => Promise<unknown>): void {
  process.once('disconnect', () => process.exit());
  process.on('message', (order: Order) => {
    const tell = (answer: Answer) => void process.send?.(answer);
    obey(order).then(
      (answer) => tell({ answer }),
      (thrown) => tell({ error: messageOf(thrown) }),
    );
  });
}

/** Compiled also where this is not: what is measured is what users run. */
const FOLDER = new URL(import.meta.url.endsWith('.ts') ? '../../dist/bench/stream/' : './', import.meta.url);

export class ProgramProcess<Order> {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  constructor(name: 'server-program' | 'reader-program') {
    this.#name = name;
    this.#child = fork(fileURLToPath(new URL(`${name}.js`, FOLDER)), [], {
      execArgv: ['--expose-gc'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#exited = once(this.#child, 'exit');
  }

  /** One at a time. Rejects where it fails, the process ends, or `signal` aborts. */
  async ask<Reply>(order: Order | object, signal: AbortSignal): Promise<Reply> {
    const over = new AbortController();
    const either = { signal: AbortSignal.any([signal, over.signal]) };
    try {
      this.#child.send(order as object);
      const answer = await Promise.race([
        once(this.#child, 'message', either).then(([told]) => told as Answer),
        once(this.#child, 'exit', either).then((): Answer => ({ error: 'its process ended' })),
      ]);
      if ('error' in answer) throw new Error(`${this.#name}: ${answer.error}`);
      return answer.answer as Reply;
    } finally {
      over.abort();
    }
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }
}
