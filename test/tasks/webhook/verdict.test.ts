import { describe, expect, it } from 'vitest';
import { judge, RETRY_DELAYS_MS, type Reply } from '../../../src/tasks/webhook/verdict.js';

const NOW_MS = 1_700_000_000_000;
const never = () => 0;
const answered = (status: number, retryAfter?: string): Reply => ({ kind: 'answered', status, retryAfter });

describe('a delivery', () => {
  it.each([200, 201, 202, 204, 299])('is done when the receiver answers %i', (status) => {
    expect(judge(answered(status), 3, NOW_MS, never)).toEqual({ kind: 'delivered' });
  });

  it('is given up at once when the receiver says that it is gone, or nothing may be sent there', () => {
    expect(judge(answered(410), 0, NOW_MS, never).kind).toBe('given-up');
    expect(judge({ kind: 'refused', reason: 'the URL is none' }, 0, NOW_MS, never)).toEqual({
      kind: 'given-up',
      reason: 'the URL is none',
    });
  });

  it.each([302, 400, 404, 429, 500, 502])('is tried again when the receiver answers %i', (status) => {
    const verdict = judge(answered(status), 0, NOW_MS, never);
    expect(verdict).toEqual({ kind: 'again', reason: `it answered ${status}`, atMs: NOW_MS + 5_000 });
  });

  it('is tried again on the schedule, and given up after its last try', () => {
    const failed: Reply = { kind: 'failed', reason: 'ECONNREFUSED' };
    const delaysS = RETRY_DELAYS_MS.map((_, failures) => {
      const verdict = judge(failed, failures, NOW_MS, never);
      return verdict.kind === 'again' ? (verdict.atMs - NOW_MS) / 1000 : verdict.kind;
    });
    expect(delaysS).toEqual([5, 300, 1800, 7200, 18_000, 36_000, 36_000]);
    expect(judge(failed, 7, NOW_MS, never)).toEqual({ kind: 'given-up', reason: 'ECONNREFUSED, after 8 tries' });
  });

  it('comes up to a tenth later by chance, never earlier', () => {
    expect(judge(answered(500), 1, NOW_MS, () => 0.5)).toMatchObject({ atMs: NOW_MS + 315_000 });
  });

  it.each([
    ['60', 60_000],
    ['1', 5_000],
    [new Date(NOW_MS + 90_000).toUTCString(), 90_000],
    [new Date(NOW_MS - 90_000).toUTCString(), 5_000],
    ['soon', 5_000],
    ['99999999999', 24 * 3_600_000],
  ])('is put off by Retry-After: %s, within reason', (header, delayMs) => {
    expect(judge(answered(503, header), 0, NOW_MS, never)).toMatchObject({ atMs: NOW_MS + delayMs });
  });
});
