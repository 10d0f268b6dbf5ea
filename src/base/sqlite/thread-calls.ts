/** Questions to a worker thread, and its answers: the side of the main thread. The other side is `serveCalls`. */
import { GollamaError } from '../errors.js';
import { type PostedError, receivedError, storageFailure } from './storage-failure.js';
import { Thread, type ThreadProgram } from './thread.js';

export type ToServing<Question> =
  | { readonly kind: 'open' }
  | { readonly kind: 'question'; readonly id: number; readonly question: Question }
  | { readonly kind: 'close' };

export type FromServing =
  | { readonly kind: 'ready'; readonly opened: unknown }
  | { readonly kind: 'refused'; readonly error: PostedError }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly error: PostedError }
  | { readonly kind: 'closed'; readonly error: PostedError | undefined };

interface Asked {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: GollamaError) => void;
}

/** More questions than these are not asked. */
const ASKED_MAX = 100_000;

/** `AnswerTo`: what comes back, by kind of question. `Opened`: what the thread says when it is ready. */
export class ThreadCalls<
  Question extends { readonly kind: string },
  AnswerTo extends Readonly<Record<Question['kind'], unknown>>,
  Opened = undefined,
> {
  readonly #thread: Thread<ToServing<Question>, FromServing>;
  readonly #asked = new Map<number, Asked>();
  readonly #ready: Promise<Opened>;
  readonly #closed: Promise<GollamaError | undefined>;
  #becomeReady: (opened: Opened) => void = () => {};
  #refuse: (error: GollamaError) => void = () => {};
  #becomeClosed: (error: GollamaError | undefined) => void = () => {};
  #broken: GollamaError | undefined;
  #isClosing = false;
  #ids = 0;

  /** `onDeath` hears where the thread ends by itself. */
  constructor(program: ThreadProgram, setup: unknown, onDeath: (error: GollamaError) => void = () => {}) {
    this.#ready = new Promise((resolve, reject) => {
      this.#becomeReady = resolve;
      this.#refuse = reject;
    });
    // Nobody may have asked for it yet.
    this.#ready.catch(() => {});
    this.#closed = new Promise((resolve) => {
      this.#becomeClosed = resolve;
    });
    this.#thread = new Thread(program, setup, {
      hear: (message) => this.#hear(message),
      died: (reason) => {
        const error = storageFailure(reason);
        this.#break(error);
        onDeath(error);
      },
    });
  }

  /** When there is something to work with. Rejects where the thread cannot. */
  open(): Promise<Opened> {
    this.#thread.tell({ kind: 'open' });
    return this.#ready;
  }

  /** Rejects with what it failed with, and with `queue_full` where too many wait. */
  ask<Q extends Question>(question: Q): Promise<AnswerTo[Q['kind']]> {
    if (this.#broken) return Promise.reject(this.#broken);
    if (this.#asked.size >= ASKED_MAX)
      return Promise.reject(new GollamaError('queue_full', 'too many questions wait for the storage'));
    this.#ids += 1;
    const id = this.#ids;
    this.#thread.isBusy = true;
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve: resolve as (answer: unknown) => void, reject });
      this.#thread.tell({ kind: 'question', id, question });
    });
  }

  /** What was asked is answered before. Resolves with what went wrong. */
  async close(): Promise<GollamaError | undefined> {
    this.#isClosing = true;
    this.#thread.isBusy = true;
    if (!this.#broken) this.#thread.tell({ kind: 'close' });
    const error = await this.#closed;
    await this.#thread.end();
    this.#break(new GollamaError('shutting_down', 'the storage is closed'));
    return error;
  }

  #hear(message: FromServing): void {
    switch (message.kind) {
      case 'ready':
        this.#thread.isBusy = this.#asked.size > 0;
        this.#becomeReady(message.opened as Opened);
        break;
      case 'refused':
        this.#break(receivedError(message.error));
        break;
      case 'closed':
        this.#becomeClosed(message.error && receivedError(message.error));
        break;
      case 'answer':
        this.#take(message.id)?.resolve(message.answer);
        break;
      case 'failed':
        this.#take(message.id)?.reject(receivedError(message.error));
        break;
    }
  }

  #take(id: number): Asked | undefined {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    if (this.#asked.size === 0 && !this.#isClosing) this.#thread.isBusy = false;
    return asked;
  }

  #break(error: GollamaError): void {
    this.#broken ??= error;
    this.#refuse(error);
    this.#becomeClosed(error);
    for (const { reject } of this.#asked.values()) reject(error);
    this.#asked.clear();
  }
}
