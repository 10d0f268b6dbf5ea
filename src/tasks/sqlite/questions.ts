/** Questions on their way to the reader thread. */
import { ThreadCalls } from '../../base/sqlite/thread-calls.js';
import type { AnswerTo, Question, ThreadSetup } from './messages.js';

export class Questions extends ThreadCalls<Question, AnswerTo> {
  constructor(setup: ThreadSetup) {
    super({ beside: import.meta.url, name: 'reader-thread' }, setup);
  }
}
