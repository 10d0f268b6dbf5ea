/**
 * Records as they are stored, JSON: neighbouring pieces of text as one text with the lengths of the pieces, other records
 * as they are. So a stored answer is little more than its text, and still every record comes back with its number.
 */
import type { LogEntry, LogRecord } from '../record.js';

type TextKind = 'text' | 'reasoning';
/** Kind, text, and the lengths of its pieces (UTF-16 units) where there is more than one. */
type Run = readonly [kind: number, text: string, lengths?: readonly number[]];
export type Item = Run | Exclude<LogRecord, { kind: TextKind }>;

const TEXT_KINDS: readonly TextKind[] = ['text', 'reasoning'];

export function packRecords(entries: readonly LogEntry[]): string {
  // Halves of surrogate pairs and NUL are escaped: they come back as they were.
  return JSON.stringify(itemsOf(entries));
}

/** `first` is the sequence number of the first record in it. */
export function unpackRecords(packed: string, first: number): LogEntry[] {
  return entriesOf(JSON.parse(packed), first);
}

/** What `packRecords` makes text of. */
export function itemsOf(entries: readonly LogEntry[]): readonly Item[] {
  const items: Item[] = [];
  for (let at = 0; at < entries.length; ) {
    const record = entries[at]?.record;
    if (record === undefined) break;
    if (!isText(record)) {
      items.push(record);
      at += 1;
      continue;
    }
    const pieces = piecesFrom(entries, at, record.kind);
    items.push(run(record.kind, pieces));
    at += pieces.length;
  }
  return items;
}

export function entriesOf(items: readonly Item[], first: number): LogEntry[] {
  const entries: LogEntry[] = [];
  const add = (record: LogRecord) => entries.push({ sequence: first + entries.length, record });
  for (const item of items) {
    if (!isRun(item)) {
      add(item.kind === 'done' ? { ...item, usage: item.usage } : item);
      continue;
    }
    const [code, text, lengths = [text.length]] = item;
    const kind = TEXT_KINDS[code] ?? 'text';
    let from = 0;
    for (const length of lengths) {
      add({ kind, text: text.slice(from, from + length) });
      from += length;
    }
  }
  return entries;
}

function run(kind: TextKind, pieces: readonly string[]): Run {
  const code = TEXT_KINDS.indexOf(kind);
  const text = pieces.join('');
  return pieces.length === 1 ? [code, text] : [code, text, pieces.map(({ length }) => length)];
}

function piecesFrom(entries: readonly LogEntry[], from: number, kind: TextKind): string[] {
  const pieces: string[] = [];
  for (let at = from; at < entries.length; at += 1) {
    const record = entries[at]?.record;
    if (record?.kind !== kind) break;
    pieces.push(record.text);
  }
  return pieces;
}

function isText(record: LogRecord): record is Extract<LogRecord, { kind: TextKind }> {
  return record.kind === 'text' || record.kind === 'reasoning';
}

function isRun(item: Item): item is Run {
  return Array.isArray(item);
}
