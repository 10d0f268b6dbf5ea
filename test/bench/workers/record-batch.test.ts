import { describe, expect, it } from 'vitest';
import { packRecords, unpackRecords } from '../../../bench/workers/record-batch.js';
import { recordFixture } from '../support/record-fixture.js';

describe('a batch of records', () => {
  it('comes out as it went in, through a message between threads', () => {
    const records = [[20_000, 1], [], [5_000_000_000, 0, 3]].map((gapsUs, index) => recordFixture({ index, gapsUs }));
    const batch = packRecords(records);
    const sent = structuredClone(batch, { transfer: [batch.gapsUs.buffer] });
    expect(unpackRecords(sent)).toEqual(records);
    expect(batch.gapsUs).toHaveLength(0);
  });

  it('may be empty', () => {
    expect(unpackRecords(packRecords([]))).toEqual([]);
  });
});
