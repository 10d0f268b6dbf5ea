/** Records of an answer as publications of its channel: the objects that clients of the reference server read. Pure. */
import type { Publication } from '../../protocol/channel.js';
import type { LogEntry, LogRecord } from '../../stream/record.js';

/** So many records in one step: whoever reads them is behind, and is told adjacent text as one. */
const COALESCE_ABOVE = 64;

/** Always the first one. */
const START = { type: 'start', message: '' };
const LATE_START: Publication = { data: JSON.stringify(START), offset: undefined };

/**
 * Many readers follow one log: what an entry says is written once for those who are at the same place. One a slot, by
 * sequence number: to keep it for every entry there is would cost the garbage collector more than it saves.
 */
const SLOTS = 1_024;
const publications: ({ readonly entry: LogEntry; readonly publication: Publication } | undefined)[] = new Array(SLOTS);

/**
 * The publications of entries that follow each other. The offset of a publication is the sequence number
 * of its record; of text that was merged, the last one. `isBegin`: nothing of the log was told before.
 */
export function publicationsOf(entries: readonly LogEntry[], isBegin: boolean): readonly Publication[] {
  const told = (entries.length > COALESCE_ABOVE ? coalesced(entries) : entries).map(publicationOf);
  const [first] = entries;
  // A log that begins otherwise, as an answer that is told from its result.
  const lacksStart = isBegin && first !== undefined && !isStart(first);
  return lacksStart ? [LATE_START, ...told] : told;
}

/** The data of one publication. */
export function publicationData(entry: LogEntry): object {
  const { record } = entry;
  switch (record.kind) {
    case 'text':
      return { type: 'chunk', message: record.text };
    case 'reasoning':
      return { type: 'reasoning', message: record.text };
    case 'tool_call':
      return { type: 'tool_call', call: record.call };
    case 'state':
      return isStart(entry) ? START : { type: 'state', status: record.status };
    case 'restart':
      return { type: 'restart', attempt: record.attempt };
    case 'done':
      return { type: 'end', message: '', ...(record.status === 'completed' ? {} : { status: record.status }) };
    case 'error':
      return { type: 'error', message: `Error: ${record.message}` };
  }
}

/** Adjacent pieces of text as one, with the sequence number of the last; so of reasoning. */
export function coalesced(entries: readonly LogEntry[]): readonly LogEntry[] {
  const merged: LogEntry[] = [];
  let run: { readonly kind: 'text' | 'reasoning'; readonly parts: string[]; sequence: number } | undefined;
  const close = () => {
    if (run) merged.push({ sequence: run.sequence, record: { kind: run.kind, text: run.parts.join('') } });
    run = undefined;
  };
  for (const entry of entries) {
    const { sequence, record } = entry;
    if (!isText(record)) {
      close();
      merged.push(entry);
      continue;
    }
    if (run?.kind !== record.kind) close();
    run ??= { kind: record.kind, parts: [], sequence };
    run.parts.push(record.text);
    run.sequence = sequence;
  }
  close();
  return merged;
}

function isStart({ sequence, record }: LogEntry): boolean {
  return sequence === 1 && record.kind === 'state';
}

function isText(record: LogRecord): record is Extract<LogRecord, { readonly text: string }> {
  return record.kind === 'text' || record.kind === 'reasoning';
}

function publicationOf(entry: LogEntry): Publication {
  const slot = entry.sequence % SLOTS;
  const known = publications[slot];
  if (known?.entry === entry) return known.publication;
  const publication = { data: JSON.stringify(publicationData(entry)), offset: entry.sequence };
  publications[slot] = { entry, publication };
  return publication;
}
