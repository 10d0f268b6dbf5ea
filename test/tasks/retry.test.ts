import { describe, expect, it } from 'vitest';
import type { AttemptOutcome } from '../../src/tasks/attempt.js';
import { settlementOf } from '../../src/tasks/retry.js';
import type { Task } from '../../src/tasks/task.js';
import type { Settlement } from '../../src/tasks/task-store.js';

type Failure = Extract<AttemptOutcome, { kind: 'failed' }>;

const NOW_MS = 1_700_000_000_000;
const POLICY = { initialMs: 1_000, maxMs: 30_000, factor: 2, jitter: 0 };

const TASK: Task = {
  number: 1,
  id: 't',
  owner: 'somebody',
  type: 'chat',
  model: 'm',
  state: 'running',
  priority: 5,
  order: 1,
  retryCount: 0,
  retriesMax: 3,
  crashes: 0,
  createdAtMs: NOW_MS,
  startedAtMs: NOW_MS,
  finishedAtMs: undefined,
  dueAtMs: undefined,
  error: undefined,
  engine: 'one',
};

const FAILURE: Failure = {
  kind: 'failed',
  error: 'boom',
  status: undefined,
  retryAfterMs: undefined,
  producedOutput: false,
  transport: false,
};

function settlementAfter(outcome: AttemptOutcome, task: Partial<Task> = {}, policy = POLICY, random = 0.5): Settlement {
  return settlementOf(outcome, { ...TASK, ...task }, policy, { epochMs: NOW_MS, random: () => random });
}

const failed = (failure: Partial<Failure>, task?: Partial<Task>) => settlementAfter({ ...FAILURE, ...failure }, task);
const retryIn = (delayMs: number) => ({ kind: 'retry', error: 'boom', dueAtMs: NOW_MS + delayMs });
const FAILED = { kind: 'failed', error: 'boom' };
const CRASHED = { kind: 'returned', crashed: true };

describe('how a task goes on after an attempt', () => {
  it('an answer completes it, however many attempts there were', () => {
    const outcome = { kind: 'completed', result: { done: true }, usage: undefined } as const;
    expect(settlementAfter(outcome)).toEqual({ kind: 'completed', result: '{"done":true}' });
    expect(settlementAfter(outcome, { retryCount: 3, crashes: 2 }).kind).toBe('completed');
  });

  it('an attempt that was broken off does not count, and is no crash', () => {
    expect(settlementAfter({ kind: 'cancelled' }, { retryCount: 3, crashes: 2 })).toEqual({
      kind: 'returned',
      crashed: false,
    });
  });

  it.each([
    { crashes: 0, retryCount: 0, expected: CRASHED },
    { crashes: 1, retryCount: 0, expected: CRASHED },
    { crashes: 1, retryCount: 3, expected: CRASHED },
    { crashes: 2, retryCount: 0, expected: retryIn(1_000) },
    { crashes: 2, retryCount: 3, expected: FAILED },
  ])('an engine that died silently counts from the third time: crashes $crashes, retries $retryCount', (given) => {
    const { expected, ...task } = given;
    expect(failed({ transport: true }, task)).toEqual(expected);
  });

  it('an engine that died after it had said something counts at once', () => {
    expect(failed({ transport: true, producedOutput: true })).toEqual(retryIn(1_000));
    expect(failed({ transport: true, producedOutput: true }, { retryCount: 3 })).toEqual(FAILED);
  });

  it.each([
    { status: 400, expected: FAILED },
    { status: 401, expected: FAILED },
    { status: 404, expected: FAILED },
    { status: 408, expected: retryIn(1_000) },
    { status: 422, expected: FAILED },
    { status: 429, expected: retryIn(1_000) },
    { status: 499, expected: FAILED },
    { status: 500, expected: retryIn(1_000) },
    { status: 503, expected: retryIn(1_000) },
    { status: 302, expected: retryIn(1_000) },
    { status: undefined, expected: retryIn(1_000) },
  ])('status $status: $expected.kind', ({ status, expected }) => {
    expect(failed({ status })).toEqual(expected);
  });

  it.each([
    { retryCount: 0, retriesMax: 0, expected: FAILED },
    { retryCount: 0, retriesMax: 1, expected: retryIn(1_000) },
    { retryCount: 1, retriesMax: 1, expected: FAILED },
    { retryCount: 2, retriesMax: 1, expected: FAILED },
    { retryCount: 1, retriesMax: 9, expected: retryIn(2_000) },
    { retryCount: 4, retriesMax: 9, expected: retryIn(16_000) },
    { retryCount: 5, retriesMax: 9, expected: retryIn(30_000) },
    { retryCount: 2_000, retriesMax: 9_999, expected: retryIn(30_000) },
  ])('try $retryCount of $retriesMax', ({ expected, ...task }) => {
    expect(failed({ status: 500 }, task)).toEqual(expected);
  });

  it.each([
    { retryAfterMs: 20_000, expectedMs: 20_000 },
    { retryAfterMs: 400, expectedMs: 1_000 },
    { retryAfterMs: -5, expectedMs: 1_000 },
    { retryAfterMs: 3_600_001, expectedMs: 3_600_000 },
    { retryAfterMs: Number.POSITIVE_INFINITY, expectedMs: 3_600_000 },
  ])('waits as long as the engine says ($retryAfterMs ms), but no longer than an hour', (given) => {
    expect(failed({ status: 429, retryAfterMs: given.retryAfterMs })).toEqual(retryIn(given.expectedMs));
  });

  it('a wish to be asked again later does not give a task more attempts', () => {
    expect(failed({ status: 429, retryAfterMs: 20_000 }, { retryCount: 3 })).toEqual(FAILED);
  });

  it('spreads the tries by chance, in whole milliseconds', () => {
    const policy = { ...POLICY, jitter: 0.2 };
    const outcome = { ...FAILURE, status: 500 };
    expect(settlementAfter(outcome, {}, policy, 0)).toEqual(retryIn(900));
    expect(settlementAfter(outcome, {}, policy, 0.999)).toEqual(retryIn(1_100));
  });
});
