/** Records of an answer as server-sent events; see `routes/task-stream`. Written once for all who read the same. */
import type { LogEntry, LogRecord } from '../../stream/record.js';
import { chunkOf, type SharedChunk } from '../shared-chunk.js';

/** By the step that was read: readers at the same place share it, and it goes when they have all moved on. */
const chunks = new WeakMap<readonly LogEntry[], SharedChunk>();

/** Entries of one log: their epoch does not change. */
export function eventsOf(epoch: string, entries: readonly LogEntry[]): SharedChunk {
  let chunk = chunks.get(entries);
  if (chunk === undefined) {
    chunk = chunkOf(entries.map((entry) => eventText(epoch, entry)).join(''));
    chunks.set(entries, chunk);
  }
  return chunk;
}

function eventText(epoch: string, { sequence, record }: LogEntry): string {
  const [name, data] = eventOf(record);
  return `id: ${epoch}:${sequence}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

function eventOf(record: LogRecord): [name: string, data: unknown] {
  switch (record.kind) {
    case 'text':
      return ['token', { text: record.text }];
    case 'reasoning':
      return ['reasoning', { text: record.text }];
    case 'tool_call':
      return ['tool_call', record.call];
    case 'state':
      return ['state', { status: record.status }];
    case 'restart':
      return ['restart', { attempt: record.attempt }];
    case 'done':
      return ['done', { status: record.status, usage: record.usage ?? null }];
    case 'error':
      return ['error', { message: record.message, code: record.code }];
  }
}
