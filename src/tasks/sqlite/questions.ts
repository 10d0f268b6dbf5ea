/** Questions on their way to the reader thread. */
import { ReaderCalls } from '../../base/sqlite/reader-calls.js';
import type { ThreadSetup } from './messages.js';
import type { ReaderThreadProgram } from './reader-thread.js';

export class Questions extends ReaderCalls<ReaderThreadProgram['takes'], ReaderThreadProgram['tells']> {
  constructor(setup: ThreadSetup) {
    super({ beside: import.meta.url, name: 'reader-thread' }, setup);
  }
}
