/** The crash test must be able to fail: every broken promise is found. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { ServerStatus } from '../../src/protocol/status.js';
import type { TaskReport } from '../../src/protocol/task.js';
import { markOf } from './clients.js';
import { type Entry, Ledger } from './ledger.js';
import { Life } from './life.js';
import { type Ending, violations } from './verdict.js';

const WISH = {
  mark: 'mark-1',
  type: 'chat',
  model: 'm1',
  priority: 5,
  delayMs: undefined,
  key: 'k',
  givenId: undefined,
  retriesMax: 2,
} as const;

let ledger = new Ledger();
let entry: Entry;
let life: Life;

beforeEach(() => {
  ledger = new Ledger();
  life = new Life(1);
  entry = ledger.open(WISH);
  ledger.acknowledged(entry, 'id-1');
});

function report(more: Partial<TaskReport> = {}): TaskReport {
  return {
    id: 'id-1',
    type: 'chat',
    priority: 5,
    status: 'completed',
    model: 'm1',
    payload: { messages: [{ role: 'user', content: 'mark-1' }] },
    options: null,
    created_at: '2026-01-01T00:00:00.000Z',
    completed_at: '2026-01-01T00:00:01.000Z',
    result: 'the answer',
    retry_count: 0,
    max_retries: 2,
    ...more,
  };
}

/** What is found where the server has these tasks at the end. */
function found(
  reports: readonly TaskReport[],
  more: Partial<Ending> = {},
  counts: Partial<ServerStatus> = {},
): string[] {
  const count = (word: string) => reports.filter(({ status }) => status === word).length;
  const status = {
    pending_tasks: count('pending'),
    running_tasks: count('running'),
    completed_tasks: count('completed'),
    failed_tasks: count('failed'),
    cancelled_tasks: count('cancelled'),
    total_tasks: reports.length,
    queues_by_priority: { 5: 0 },
    ...counts,
  } as ServerStatus;
  const { entries, batches } = ledger;
  return violations({ entries, batches, reports, status, markOf, isAnswer: () => true, ...more });
}

function answered(): void {
  ledger.runEnded(ledger.runBegan(entry.mark, life), 'answered');
}

const { result: _, ...unanswered } = report();
const failed = { ...unanswered, status: 'failed', error: 'chat execution failed: one: boom' } as const;

describe('the verdict', () => {
  it('is good where everything was kept', () => {
    answered();
    expect(found([report()])).toEqual([]);
  });

  it.each<[string, () => string[], RegExp]>([
    ['a lost task', () => found([]), /was acknowledged, and is lost/],
    ['a task that is there twice', () => found([report(), report({ id: 'id-2' })]), /is there 2 times/],
    ['a task under another id', () => found([report({ id: 'id-2' })]), /is there as id-2/],
    ['a page that has a task twice', () => found([report(), report()]), /pages of the list have 1 tasks twice/],
    ['a task of nobody', () => found([report(), report({ payload: { prompt: '' } })]), /that nobody submitted/],
    ['a task that still waits', () => found([{ ...unanswered, status: 'pending' }]), /is pending still/],
    ['the answer to another prompt', () => found([report()], { isAnswer: () => false }), /has another answer/],
    ['an answer that nobody gave', () => found([report()]), /completed without an answer/],
    ['a cancel that nobody wished', () => found([{ ...unanswered, status: 'cancelled' }]), /which nobody wished/],
    ['a task that failed too early', () => found([failed]), /failed before its tries were used up/],
    ['a reason that is none', () => found([{ ...failed, error: 'oops' }]), /failed: oops/],
    ['a changed priority', () => found([report({ priority: 9 })]), /has the priority 9/],
    ['a wrong count', () => found([report()], {}, { failed_tasks: 3 }), /counts 3 failed, there are 0/],
    ['a count of tasks that do not wait', () => found([report()], {}, { queues_by_priority: { 5: 1 } }), /that wait/],
  ])('finds %s', (_what, find, told) => {
    expect(find().join('\n')).toMatch(told);
  });

  it('finds half a batch', () => {
    ledger.batches.push([entry, ledger.open({ ...WISH, mark: 'mark-2' })]);
    expect(found([report()]).join('\n')).toMatch(/of a batch of 2 tasks 1 are there/);
  });

  it('finds a task that more kills broke off than are allowed', () => {
    for (let run = 0; run < 4; run += 1) {
      const killed = new Life(run);
      const begun = ledger.runBegan(entry.mark, killed);
      killed.isOver = true;
      ledger.runEnded(begun, 'left');
    }
    expect(found([report()]).join('\n')).toMatch(/was killed 4 times while it ran/);
  });

  it('finds an acknowledged change of priority that was lost', () => {
    answered();
    const sent = { priority: 10, sentEpochMs: 1_000, endedEpochMs: 2_000 };
    entry.priorities.push({ ...sent, isCertain: true });
    expect(found([report()]).join('\n')).toMatch(/has the priority 5/);
    expect(found([report({ priority: 10 })])).toEqual([]);
    entry.priorities[0] = { ...sent, isCertain: false };
    expect(found([report()])).toEqual([]);
  });
});

describe('the ledger', () => {
  it('finds a run of a task that was shown as completed', () => {
    ledger.seen(entry, report(), performance.now(), life);
    ledger.runBegan(entry.mark, new Life(2));
    expect(ledger.violations).toEqual([expect.stringMatching(/runs although it has ended \(completed\)/)]);
  });

  it('finds a run of a task that was cancelled in an earlier life', () => {
    ledger.cancelled(entry, life);
    ledger.runBegan(entry.mark, new Life(2));
    expect(ledger.violations).toEqual([expect.stringMatching(/runs although it has ended \(cancelled\)/)]);
  });

  it('lets a task run that is tried again by hand', () => {
    ledger.cancelled(entry, life);
    ledger.reopening(entry);
    ledger.runBegan(entry.mark, new Life(2));
    expect(ledger.violations).toEqual([]);
  });

  it('finds an end that was taken back', () => {
    ledger.seen(entry, report(), performance.now(), life);
    ledger.seen(entry, report({ status: 'pending' }), performance.now() + 1, life);
    expect(ledger.violations.join('\n')).toMatch(/was shown as completed, then as pending/);
  });

  it('finds a key that stands for two tasks', () => {
    ledger.acknowledged(entry, 'id-2');
    expect(ledger.violations).toEqual([expect.stringMatching(/it became another task, id-2/)]);
  });

  it('finds a delayed task that runs too early', () => {
    ledger.open({ ...WISH, mark: 'mark-2', delayMs: 60_000 });
    ledger.runBegan('mark-2', life);
    expect(ledger.violations).toEqual([expect.stringMatching(/runs before its delay of 60000 ms is over/)]);
  });

  it('finds two calls that run the same task, but not one that is about to hang up', () => {
    vi.useFakeTimers();
    try {
      const first = ledger.runBegan(entry.mark, life);
      const second = ledger.runBegan(entry.mark, life);
      ledger.runEnded(first, 'left');
      vi.runAllTimers();
      expect(ledger.violations).toEqual([]);
      ledger.runBegan(entry.mark, life);
      vi.runAllTimers();
      expect(second.isLive).toBe(true);
      expect(ledger.violations).toEqual([expect.stringMatching(/is run by two calls at the same time/)]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('finds a try that comes too soon after the one that failed', () => {
    ledger.runEnded(ledger.runBegan(entry.mark, life), 'refused');
    ledger.runBegan(entry.mark, life);
    expect(ledger.violations).toEqual([expect.stringMatching(/is tried again \d+ ms after it failed/)]);
  });
});
