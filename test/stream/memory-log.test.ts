import { MemoryLogBook } from '../../src/stream/memory-log.js';
import { logBookConformance } from '../conformance/stream-log.js';
import { ManualClock } from '../support/manual-clock.js';

logBookConformance('the log book in memory', async () => {
  const book = new MemoryLogBook({ clock: new ManualClock(), retentionMs: 1_000 });
  await book.start();
  return { book, settled: () => Promise.resolve(), close: () => book.stop() };
});
