import { describe, expect, it } from 'vitest';
import { clientFrame, handshake } from '../../../bench/stream/handshake.js';
import { countRecords, MARK, recordText } from '../../../bench/stream/record-text.js';
import { CONTESTANTS } from '../../../bench/stream/steps.js';

describe('the records of the stream benchmark', () => {
  it('are counted however many come at once, each with its moment', () => {
    const stamps: number[] = [];
    const bytes = Buffer.from(`head ${recordText(17.4)}","offset":2}}}${recordText(123_456_789_012)}`);
    expect(countRecords(bytes, (madeUs) => stamps.push(madeUs))).toBe(2);
    expect(stamps).toEqual([17, 123_456_789_012]);
  });

  it('are counted once wherever they are cut, and a moment that is cut off is not told', () => {
    const bytes = Buffer.from(`data: ${recordText(5)}\n\n`);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const stamps: number[] = [];
      const parts = [bytes.subarray(0, cut), bytes.subarray(cut)];
      const counts = parts.map((part) => countRecords(part, (madeUs) => stamps.push(madeUs)));
      expect(counts[0] === undefined || counts[1] === undefined ? 0 : counts[0] + counts[1]).toBe(1);
      expect(stamps.every((madeUs) => madeUs === 5)).toBe(true);
    }
  });

  it('have a mark that no handshake has', () => {
    for (const contestant of CONTESTANTS) {
      expect(Buffer.from(handshake(contestant, 8081, 'a1b2c3').request).includes(MARK)).toBe(false);
    }
  });
});

describe('a frame of a reader', () => {
  it('tells its length in one byte up to 125, and in three above, masked with zeros', () => {
    expect([...clientFrame('{}')]).toEqual([0x81, 0x82, 0, 0, 0, 0, 0x7b, 0x7d]);
    const long = clientFrame('x'.repeat(300));
    expect([...long.subarray(0, 9)]).toEqual([0x81, 0xfe, 1, 44, 0, 0, 0, 0, 0x78]);
    expect(long).toHaveLength(8 + 300);
  });
});
