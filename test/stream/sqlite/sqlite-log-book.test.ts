import type { LogTableLimits } from '../../../src/stream/sqlite/log-table.js';
import { type LogBookUnderTest, logBookConformance } from '../../conformance/stream-log.js';
import { copyAsKilled, logBookIn, newLogFolder } from './log-folder.js';

type Limits = Partial<Omit<LogTableLimits, 'shelf'>>;

async function open(folder: string, limits: Limits, remove: () => void): Promise<LogBookUnderTest> {
  const book = logBookIn(folder, { limits });
  await book.start();
  let copies = 0;
  return {
    book,
    settled: () => book.flushed(),
    async reopened(how) {
      copies += 1;
      const next = how === 'killed' ? `${folder}-${copies}` : folder;
      if (how === 'killed') copyAsKilled(folder, next);
      await book.stop();
      return open(next, limits, remove);
    },
    async close() {
      await book.stop();
      remove();
    },
  };
}

const make = (limits: Limits) => () => {
  const { folder, remove } = newLogFolder();
  return open(folder, limits, remove);
};

logBookConformance('the log book in SQLite', make({}));

logBookConformance(
  'the log book in SQLite with next to no memory',
  make({ memoryBytesMax: 4_096, storeBytes: 1_024, tailBytes: 512, journalRowsMax: 3, journalBytesMax: 2_048 }),
);
