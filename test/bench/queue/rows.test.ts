import { describe, expect, it } from 'vitest';
import { type Round, type Row, rowsOf } from '../../../bench/queue/rows.js';
import { tableOf } from '../../../bench/queue/table.js';

function round(tasksPerS: number, syncsPerS: number, bullmqPerS: number): Round {
  return {
    submits: { tasksPerS, syncsPerS },
    lives: { livesPerS: tasksPerS / 2, syncsPerS },
    'bullmq-lives': { livesPerS: bullmqPerS, syncsPerS },
  };
}

function find(rows: readonly Row[], name: string, unit: string): Row | undefined {
  return rows.find((row) => row.name === name && row.unit === unit);
}

const SUBMITS = 'durable submits, 64 at once';
const LIVES = 'whole lives, 256 at once';

describe('the rows of the queue benchmark', () => {
  it('take ratios inside a round: a slow disk is slow for both', () => {
    const rows = rowsOf([round(10_000, 1_000, 500), round(2_000, 200, 100), round(5_000, 500, 250)]);
    expect(find(rows, SUBMITS, 'x F')).toMatchObject({ measured: { median: 10, low: 10, high: 10 }, isMet: true });
    expect(find(rows, LIVES, 'x BullMQ')?.measured).toEqual({ median: 10, low: 10, high: 10 });
    expect(find(rows, SUBMITS, 'tasks/s')?.measured).toEqual({ median: 5_000, low: 2_000, high: 10_000 });
  });

  it('judge by the median of the rounds', () => {
    const crash = (processMs: number): Round => ({ crash: { processMs } });
    const name = 'first dispatch after a crash, from its start';
    expect(find(rowsOf([crash(900), crash(5_000), crash(1_000)]), name, 'ms')?.isMet).toBe(true);
    expect(find(rowsOf([crash(900), crash(5_000), crash(1_001)]), name, 'ms')?.isMet).toBe(false);
  });

  it('have no verdict on what was not measured, or was not meant for such a disk', () => {
    expect(rowsOf([]).every(({ measured, isMet }) => measured === undefined && isMet === undefined)).toBe(true);
    const http = (syncsPerS: number): Round => ({ http: { tasksPerS: 2_000, syncsPerS } });
    expect(find(rowsOf([http(599)]), 'HTTP, batches of 100', 'tasks/s')?.isMet).toBeUndefined();
    expect(find(rowsOf([http(600)]), 'HTTP, batches of 100', 'tasks/s')?.isMet).toBe(false);
  });
});

describe('the table of the queue benchmark', () => {
  it('shows median and extremes, target, verdict and F', () => {
    const text = tableOf(rowsOf([round(7_000, 1_000, 500), round(3_000, 200, 100)]));
    expect(text).toMatch(/^durable submits, 64 at once +x F +11\.0 \(7\.00\.\.15\.0\) +>= 8 +met +600$/m);
  });

  it('leaves out what was not measured, unless there is a reason to tell', () => {
    const rows = rowsOf([{ lives: { livesPerS: 400, syncsPerS: 200 } }]);
    expect(tableOf(rows)).not.toContain('BullMQ');
    const missing = { 'x BullMQ': 'redis-server is not installed' };
    expect(tableOf(rows, missing)).toMatch(
      /^whole lives, 256 at once +x BullMQ +redis-server is not installed +>= 3 +200$/m,
    );
  });
});
