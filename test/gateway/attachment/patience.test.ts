import { describe, expect, it } from 'vitest';
import { graceMs, type LostAnswer } from '../../../src/gateway/attachment/patience.js';

const LOST: LostAnswer = { manner: 'retried', wasAnswered: false, attempt: 0, ageMs: 60_000 };

describe('an answer that lost its client', () => {
  it.each([
    [0, 2_000],
    [1, 2_500],
    [2, 3_500],
    [9, 9_500],
  ])('after attempt %i waits %i ms: a little longer than that client does', (attempt, waitMs) => {
    expect(graceMs({ ...LOST, attempt })).toBe(waitMs);
  });

  it('waits for nobody where its client had a head: it does not try again', () => {
    expect(graceMs({ ...LOST, wasAnswered: true })).toBe(0);
  });

  it('waits for nobody where it has only begun', () => {
    expect(graceMs({ ...LOST, ageMs: 4_999 })).toBe(0);
    expect(graceMs({ ...LOST, ageMs: 5_000 })).toBeGreaterThan(0);
  });

  it('waits a minute where it has a key', () => {
    expect(graceMs({ manner: 'keyed', wasAnswered: true, attempt: 0, ageMs: 0 })).toBe(60_000);
  });
});
