/** A worker thread: reading old answers stops neither the commits nor the main thread. */
import { workerData } from 'node:worker_threads';
import { setForReading } from '../../base/sqlite/connection.js';
import { createDriver } from '../../base/sqlite/create-driver.js';
import type { ReaderCalls } from '../../base/sqlite/reader-calls.js';
import { serveCalls } from '../../base/sqlite/serve-calls.js';
import { logFiles } from './log-files.js';
import type { LogSetup, Piece, PieceQuestion, ReaderAnswers } from './messages.js';
import { READ_PIECES } from './schema.js';

export type LogReaderCalls = ReaderCalls<PieceQuestion, ReaderAnswers>;

/** Pieces that are fetched at once. */
const STEP = 2;

const open = await createDriver();

serveCalls<PieceQuestion>(() => {
  const database = open(logFiles((workerData as LogSetup).folder).database);
  setForReading(database);
  const statement = database.prepare(READ_PIECES);
  const step = (number: number, after: number): Piece[] =>
    statement.all(number, after, STEP).map(({ first, last, data }) => ({
      first: Number(first),
      last: Number(last),
      data: String(data),
    }));

  function answer({ number, after, limit }: PieceQuestion): Piece[] {
    const pieces: Piece[] = [];
    for (let position = after; position < after + limit; ) {
      const more = step(number, position);
      for (const piece of more) {
        if (position >= after + limit) break;
        pieces.push(piece);
        position = piece.last;
      }
      if (more.length < STEP) break;
    }
    return pieces;
  }

  return { opened: undefined, answer, close: () => database.close() };
});
