import { describe, expect, it } from 'vitest';
import { coalesced, publicationData, publicationsOf } from '../../../src/gateway/centrifuge/publication.js';
import type { LogEntry, LogRecord } from '../../../src/stream/record.js';

const entriesOf = (...records: LogRecord[]): LogEntry[] => records.map((record, at) => ({ sequence: at + 1, record }));

describe('a publication', () => {
  it.each<[LogRecord, number, object]>([
    [{ kind: 'state', status: 'running' }, 1, { type: 'start', message: '' }],
    [{ kind: 'state', status: 'running' }, 5, { type: 'state', status: 'running' }],
    [{ kind: 'text', text: 'a' }, 2, { type: 'chunk', message: 'a' }],
    [{ kind: 'reasoning', text: 'a' }, 2, { type: 'reasoning', message: 'a' }],
    [{ kind: 'tool_call', call: { index: 0 } }, 2, { type: 'tool_call', call: { index: 0 } }],
    [{ kind: 'restart', attempt: 2 }, 2, { type: 'restart', attempt: 2 }],
    [{ kind: 'done', status: 'completed', usage: undefined }, 2, { type: 'end', message: '' }],
    [{ kind: 'done', status: 'cancelled', usage: undefined }, 2, { type: 'end', message: '', status: 'cancelled' }],
    [{ kind: 'error', message: 'no', code: 'engine_error' }, 2, { type: 'error', message: 'Error: no' }],
  ])('of %j as number %i is %j', (record, sequence, data) => {
    expect(publicationData({ sequence, record })).toEqual(data);
  });

  it('has the sequence number of its record as offset', () => {
    const entries = entriesOf({ kind: 'state', status: 'running' }, { kind: 'text', text: '"' });
    expect(publicationsOf(entries, true)).toEqual([
      { data: '{"type":"start","message":""}', offset: 1 },
      { data: '{"type":"chunk","message":"\\""}', offset: 2 },
    ]);
  });

  it('is written once for all readers of a record', () => {
    const entries = entriesOf({ kind: 'text', text: 'a' });
    expect(publicationsOf(entries, false)[0]).toBe(publicationsOf(entries, false)[0]);
  });
});

describe('text', () => {
  const text = (value: string): LogRecord => ({ kind: 'text', text: value });

  it('that is adjacent is merged, with the number of the last, and nothing else is', () => {
    const merged = coalesced(
      entriesOf(
        text('a'),
        text('b'),
        { kind: 'reasoning', text: 'r' },
        { kind: 'reasoning', text: 's' },
        { kind: 'restart', attempt: 2 },
        { kind: 'restart', attempt: 3 },
        text('c'),
      ),
    );
    expect(merged).toEqual([
      { sequence: 2, record: text('ab') },
      { sequence: 4, record: { kind: 'reasoning', text: 'rs' } },
      { sequence: 5, record: { kind: 'restart', attempt: 2 } },
      { sequence: 6, record: { kind: 'restart', attempt: 3 } },
      { sequence: 7, record: text('c') },
    ]);
  });

  it('is told piece by piece up to 64 records, and merged above', () => {
    const pieces = (count: number) => entriesOf(...Array.from({ length: count }, (_, at) => text(`${at};`)));
    expect(publicationsOf(pieces(64), false)).toHaveLength(64);
    expect(publicationsOf(pieces(65), false)).toEqual([
      {
        data: JSON.stringify({
          type: 'chunk',
          message: pieces(65)
            .map((_, at) => `${at};`)
            .join(''),
        }),
        offset: 65,
      },
    ]);
  });
});
