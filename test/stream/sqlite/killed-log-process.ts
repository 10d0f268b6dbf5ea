/**
 * A process to be killed: in the folder of its first argument it appends numbered records to some logs, as fast as they
 * are taken, and writes to the file of its second one which of them a reader was given, a line each.
 */
import { openSync, writeSync } from 'node:fs';
import { systemClock } from '../../../src/base/clock.js';
import { Reader } from '../../../src/stream/reader.js';
import type { SqliteLogBook } from '../../../src/stream/sqlite/sqlite-log-book.js';
import { logBookIn } from './log-folder.js';

const [folder = '', deliveredPath = '', round = '0'] = process.argv.slice(2);
const LOGS = 4;
const RECORDS_MAX = 400;
const delivered = openSync(deliveredPath, 'a');
const never = new AbortController().signal;

async function follow(book: SqliteLogBook, id: string): Promise<void> {
  for await (const step of new Reader(book, id, systemClock).read(0, never, 60_000))
    for (const { sequence } of step) writeSync(delivered, `${id} ${sequence}\n`);
}

async function produce(book: SqliteLogBook, id: string): Promise<void> {
  for (let sequence = 1; sequence < RECORDS_MAX; sequence += 1) {
    if (!book.append(id, { kind: 'text', text: `${id}:${sequence} ` })) await book.drained(never);
    if (sequence % 7 === 0) await new Promise(setImmediate);
    if (sequence % 50 === 0) await book.flushed();
  }
  book.append(id, { kind: 'done', status: 'completed', usage: undefined });
}

async function produceForEver(book: SqliteLogBook, line: number): Promise<void> {
  for (let count = 0; ; count += 1) {
    const id = `${round}-${line}-${count}`;
    await Promise.all([follow(book, id), produce(book, id)]);
  }
}

// What waits for a commit keeps no process alive.
process.stdin.resume();
const book = logBookIn(folder, { limits: { storeBytes: 16_384, journalRowsMax: 20 } });
await book.start();
await Promise.all(Array.from({ length: LOGS }, (_, line) => produceForEver(book, line)));
