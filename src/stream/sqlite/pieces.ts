/** Cuts records into pieces that are read and unpacked whole. Pure. */
import type { LogEntry, LogRecord } from '../record.js';
import type { Piece } from './messages.js';
import { packRecords, unpackRecords } from './packed-records.js';

/** So many records are read in one step (`Reader`). */
const PIECE_RECORDS_MAX = 256;
const PIECE_CHARS_MAX = 64 * 1024;

export function piecesOf(entries: readonly LogEntry[]): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  let chars = 0;
  for (const [at, { record }] of entries.entries()) {
    const more = sizeOf(record);
    if (at > from && (at - from >= PIECE_RECORDS_MAX || chars + more > PIECE_CHARS_MAX)) {
      pieces.push(piece(entries.slice(from, at)));
      from = at;
      chars = 0;
    }
    chars += more;
  }
  if (from < entries.length) pieces.push(piece(entries.slice(from)));
  return pieces;
}

/** The records after that position, at most `limit`. */
export function entriesIn(pieces: readonly Piece[], after: number, limit: number): LogEntry[] {
  const entries: LogEntry[] = [];
  for (const { first, data } of pieces) {
    const inside = unpackRecords(data, first);
    const skip = Math.max(0, after - first + 1);
    for (const entry of inside.slice(skip, skip + limit - entries.length)) entries.push(entry);
  }
  return entries;
}

/** Characters of its text, roughly. */
export function sizeOf(record: LogRecord): number {
  switch (record.kind) {
    case 'text':
    case 'reasoning':
      return record.text.length;
    case 'tool_call':
      return JSON.stringify(record.call)?.length ?? 0;
    case 'error':
      return record.message.length;
    default:
      return 0;
  }
}

function piece(entries: readonly LogEntry[]): Piece {
  return { first: entries[0]?.sequence ?? 0, last: entries.at(-1)?.sequence ?? 0, data: packRecords(entries) };
}
