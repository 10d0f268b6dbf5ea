/** Questions to a worker thread, and its answers: the side of the thread. The other side is `ThreadCalls`. */
import { parentPort } from 'node:worker_threads';
import { postedError, storageFailure } from './storage-failure.js';
import type { FromServing, ToServing } from './thread-calls.js';

export interface Serving<Question> {
  /** Told when it is ready. */
  readonly opened: unknown;
  answer(question: Question): unknown;
  close(): void;
}

/** Answers until it is told to close. `open` is called once, when the other side says so. */
export function serveCalls<Question>(open: () => Serving<Question>): void {
  let serving: Serving<Question> | undefined;

  function reply(message: ToServing<Question>): FromServing {
    switch (message.kind) {
      case 'open':
        try {
          serving = open();
          return { kind: 'ready', opened: serving.opened };
        } catch (thrown) {
          return { kind: 'refused', error: postedError(storageFailure(thrown)) };
        }
      case 'question':
        try {
          if (!serving) throw new Error('it is not open');
          return { kind: 'answer', id: message.id, answer: serving.answer(message.question) };
        } catch (thrown) {
          return { kind: 'failed', id: message.id, error: postedError(storageFailure(thrown)) };
        }
      case 'close':
        return close();
    }
  }

  function close(): FromServing {
    parentPort?.removeAllListeners('message');
    try {
      serving?.close();
      return { kind: 'closed', error: undefined };
    } catch (thrown) {
      return { kind: 'closed', error: postedError(storageFailure(thrown)) };
    }
  }

  parentPort?.on('message', (message: ToServing<Question>) => parentPort?.postMessage(reply(message)));
}
