/** Questions on their way to the reader thread. */
import { GollamaError } from '../../base/errors.js';
import type { Answer, AnswerTo, FromReaderThread, Question, ThreadSetup, ToReaderThread } from './messages.js';
import type { ReaderThreadProgram } from './reader-thread.js';
import { receivedError, storageFailure } from './storage-failure.js';
import { Thread } from './thread.js';

interface Asked {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: GollamaError) => void;
}

/** More questions than these are not asked. */
const ASKED_MAX = 100_000;

export class Questions {
  readonly #thread: Thread<ReaderThreadProgram['takes'], ReaderThreadProgram['tells']>;
  readonly #asked = new Map<number, Asked>();
  readonly #ready: Promise<void>;
  readonly #closed: Promise<void>;
  #becomeReady: () => void = () => {};
  #refuse: (error: GollamaError) => void = () => {};
  #becomeClosed: () => void = () => {};
  #broken: GollamaError | undefined;
  #isClosing = false;
  #ids = 0;

  constructor(setup: ThreadSetup) {
    this.#ready = new Promise((resolve, reject) => {
      this.#becomeReady = resolve;
      this.#refuse = reject;
    });
    // Nobody may have asked for it yet.
    this.#ready.catch(() => {});
    this.#closed = new Promise((resolve) => {
      this.#becomeClosed = resolve;
    });
    this.#thread = new Thread('reader-thread', setup, {
      hear: (message) => this.#hear(message),
      died: (reason) => this.#break(storageFailure(reason)),
    });
  }

  /** When there is a store to read. Rejects where the thread cannot. */
  open(): Promise<void> {
    this.#tell({ kind: 'open' });
    return this.#ready;
  }

  ask<Q extends Question>(question: Q): Promise<AnswerTo[Q['kind']]> {
    if (this.#broken) return Promise.reject(this.#broken);
    if (this.#asked.size >= ASKED_MAX)
      return Promise.reject(new GollamaError('queue_full', 'too many questions wait for the task store'));
    this.#ids += 1;
    const id = this.#ids;
    this.#thread.isBusy = true;
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve: resolve as (answer: Answer) => void, reject });
      this.#tell({ kind: 'question', id, question });
    });
  }

  /** What was asked is answered before. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#thread.isBusy = true;
    this.#isClosing = true;
    this.#thread.isBusy = true;
    if (!this.#broken) this.#tell({ kind: 'close' });
    await this.#closed;
    await this.#thread.end();
    this.#break(new GollamaError('shutting_down', 'the task store is stopped'));
  }

  #tell(message: ToReaderThread): void {
    this.#thread.tell(message);
  }

  #hear(message: FromReaderThread): void {
    switch (message.kind) {
      case 'ready':
        this.#thread.isBusy = this.#asked.size > 0;
        this.#becomeReady();
        break;
      case 'refused':
        this.#break(receivedError(message.error));
        break;
      case 'closed':
        this.#becomeClosed();
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
    this.#becomeClosed();
    for (const { reject } of this.#asked.values()) reject(error);
    this.#asked.clear();
  }
}
