/** The store thread from the side of the main thread: it is opened, takes operations, and is closed. */
import { GollamaError } from '../../base/errors.js';
import { CommitLine } from './commit-line.js';
import type { FromStoreThread, Opened, Operation, ReplyOf, ThreadSetup } from './messages.js';
import { receivedError, storageFailure } from './storage-failure.js';
import type { StoreThreadProgram } from './store-thread.js';
import { Thread } from './thread.js';

export class WriterLine {
  readonly #thread: Thread<StoreThreadProgram['takes'], StoreThreadProgram['tells']>;
  readonly #line: CommitLine;
  readonly opened: Promise<Opened>;
  readonly #closed: Promise<GollamaError | undefined>;
  #isOpen = false;
  #isClosing = false;
  #resolveOpened: (opened: Opened) => void = () => {};
  #rejectOpened: (error: GollamaError) => void = () => {};
  #resolveClosed: (error: GollamaError | undefined) => void = () => {};

  constructor(setup: ThreadSetup, onDeath: (error: GollamaError) => void) {
    this.opened = new Promise((resolve, reject) => {
      this.#resolveOpened = resolve;
      this.#rejectOpened = reject;
    });
    this.#closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#thread = new Thread('store-thread', setup, {
      hear: (message) => this.#hear(message),
      died: (reason) => {
        const error = storageFailure(reason);
        if (this.#isOpen) onDeath(error);
        this.#end(error);
      },
    });
    this.#line = new CommitLine(
      (operations) => {
        this.#thread.isBusy = true;
        this.#thread.tell({ kind: 'batch', operations });
      },
      () => {
        if (this.#isOpen && !this.#isClosing) this.#thread.isBusy = false;
      },
    );
  }

  /** Transactions so far. */
  get batches(): number {
    return this.#line.batches;
  }

  get isFull(): boolean {
    return this.#line.isFull;
  }

  /** Exactly one of the two is called. What `done` does comes before anything that follows from a later operation. */
  add<O extends Operation>(
    operation: O,
    done: (reply: ReplyOf[O['kind']]) => void,
    failed: (error: GollamaError) => void,
  ): void {
    this.#line.add(operation, done, failed);
  }

  /** Does what was added, then ends; also where it did not open. Resolves with what went wrong. */
  async close(): Promise<GollamaError | undefined> {
    await this.#line.idle();
    this.#isClosing = true;
    this.#thread.isBusy = true;
    this.#thread.tell({ kind: 'close' });
    const error = await this.#closed;
    await this.#thread.end();
    this.#end(new GollamaError('shutting_down', 'the task store is stopped'));
    return error;
  }

  #hear(message: FromStoreThread): void {
    switch (message.kind) {
      case 'opened':
        this.#isOpen = true;
        this.#resolveOpened(message.opened);
        break;
      case 'refused':
        this.#rejectOpened(receivedError(message.error));
        break;
      case 'committed':
        this.#line.committed(message.replies);
        break;
      case 'failed':
        if (this.#isClosing) this.#resolveClosed(receivedError(message.error));
        else this.#line.failed(receivedError(message.error));
        break;
      case 'closed':
        this.#resolveClosed(undefined);
        break;
    }
  }

  #end(error: GollamaError): void {
    this.#rejectOpened(error);
    this.#resolveClosed(error);
    this.#line.break(error);
  }
}
