import { describe, expect, it } from 'vitest';
import type { LogRecord } from '../../../src/stream/record.js';
import { packRecords, unpackRecords } from '../../../src/stream/sqlite/packed-records.js';
import { entriesIn, piecesOf } from '../../../src/stream/sqlite/pieces.js';
import { done, restart, text } from '../../conformance/stream-log.js';

const entriesOf = (records: readonly LogRecord[], first = 1) =>
  records.map((record, at) => ({ sequence: first + at, record }));

describe('packed records', () => {
  it('are little more than their text', () => {
    const records = Array.from({ length: 1_000 }, () => text('word '));
    expect(packRecords(entriesOf(records)).length).toBeLessThan(5_000 + 2_100);
  });

  it('come back each with its number', () => {
    const entries = entriesOf(
      [text('a'), text(''), { kind: 'reasoning', text: 'b' }, restart(2), text('\ud83d'), text('\ude00'), done],
      41,
    );
    expect(unpackRecords(packRecords(entries), 41)).toEqual(entries);
    expect(unpackRecords(packRecords([]), 1)).toEqual([]);
  });

  it('have one text for neighbouring pieces', () => {
    expect(packRecords(entriesOf([text('ab'), text('c'), restart(1), text('d')]))).toBe(
      '[[0,"abc",[2,1]],{"kind":"restart","attempt":1},[0,"d"]]',
    );
  });
});

describe('pieces', () => {
  it('have at most 256 records, and 64 Ki characters where a record is not larger by itself', () => {
    const pieces = piecesOf(entriesOf(Array.from({ length: 600 }, () => text('x'))));
    expect(pieces.map(({ first, last }) => [first, last])).toEqual([
      [1, 256],
      [257, 512],
      [513, 600],
    ]);
    const large = ['x'.repeat(40_000), 'x'.repeat(40_000), 'x'.repeat(100_000), 'x'].map(text);
    expect(piecesOf(entriesOf(large)).map(({ first, last }) => [first, last])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 4],
    ]);
    expect(piecesOf([])).toEqual([]);
  });

  it('give the records behind a position', () => {
    const entries = entriesOf(Array.from({ length: 600 }, (_, at) => text(String(at))));
    const pieces = piecesOf(entries);
    expect(entriesIn(pieces, 0, 1_000)).toEqual(entries);
    expect(entriesIn(pieces.slice(1), 300, 250)).toEqual(entries.slice(300, 550));
    expect(entriesIn(pieces, 600, 10)).toEqual([]);
  });
});
