import { describe, expect, it } from 'vitest';
import { type Round, type Row, rowsOf } from '../../../bench/stream/rows.js';
import { tableOf } from '../../../bench/stream/table.js';

const CPU = '1,000 readers, CPU a record';

function fan(bareUs: number, centrifugeUs: number): Round {
  const bare = { cpuUsEach: bareUs, delayP50Us: 1_000 };
  return { 'fan-1000': { bare, centrifuge: { cpuUsEach: centrifugeUs, delayP50Us: 11_000 } } };
}

function find(rows: readonly Row[], name: string, contestant: string, unit: string): Row | undefined {
  return rows.find((row) => row.name === name && row.contestant === contestant && row.unit === unit);
}

describe('the rows of the stream benchmark', () => {
  it('take ratios inside a round, and judge by their median', () => {
    const rows = rowsOf([fan(10, 14), fan(100, 150), fan(20, 60)]);
    expect(find(rows, CPU, 'centrifuge', 'x bare')).toMatchObject({
      measured: { median: 1.5, low: 1.4, high: 3 },
      isMet: true,
    });
    expect(find(rowsOf([fan(10, 15.1)]), CPU, 'centrifuge', 'x bare')?.isMet).toBe(false);
  });

  it('tell a delay as what is added to that of the yardstick', () => {
    const row = find(rowsOf([fan(10, 14)]), '1,000 readers, added delay, p50', 'centrifuge', 'ms');
    expect(row?.measured?.median).toBe(10);
  });

  it('hold idle readers and stalled readers against their targets', () => {
    const round = (rssBytesEach: number, rateRatio: number): Round => ({
      'fan-10000': { sse: { rssBytesEach } },
      stalled: { 'sse-memory': { rateRatio } },
    });
    const stalled = '1,000 stalled readers, rate';
    const good = rowsOf([round(20_000, 0.95)]);
    expect(find(good, 'RSS an idle reader', 'sse', 'kB')).toMatchObject({ measured: { median: 20 }, isMet: true });
    expect(find(good, stalled, 'sse-memory', 'x without')?.isMet).toBe(true);
    const bad = rowsOf([round(20_100, 0.94)]);
    expect(find(bad, 'RSS an idle reader', 'sse', 'kB')?.isMet).toBe(false);
    expect(find(bad, stalled, 'sse-memory', 'x without')?.isMet).toBe(false);
  });

  it('have no verdict on what was not measured', () => {
    expect(rowsOf([]).every(({ measured, isMet }) => measured === undefined && isMet === undefined)).toBe(true);
  });
});

describe('the table of the stream benchmark', () => {
  it('shows median and extremes, target and verdict, and leaves out what was not measured', () => {
    const text = tableOf(rowsOf([fan(10, 14), fan(10, 20)]));
    expect(text).toMatch(
      /^1,000 readers, CPU a record +centrifuge +x bare +1\.70 \(1\.40\.\.2\.00\) +<= 1\.5 +MISSED$/m,
    );
    expect(text).not.toContain('RSS');
  });
});
