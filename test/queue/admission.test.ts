import { describe, expect, it } from 'vitest';
import { refusal } from '../../src/queue/admission.js';

const bounds = { waitingMax: 3, waitingBytesMax: 100 };

describe('admission', () => {
  it('lets a ticket wait while both bounds leave room for it', () => {
    expect(refusal(bounds, { waiting: 2, waitingBytes: 60 }, 40)).toBeUndefined();
  });

  it('refuses one ticket more than may wait, and says how many do', () => {
    expect(refusal(bounds, { waiting: 3, waitingBytes: 0 }, 0)).toBe('the queue is full (3 requests wait)');
  });

  it('refuses a ticket whose body does not fit beside those that wait, and says what they hold', () => {
    expect(refusal(bounds, { waiting: 1, waitingBytes: 60 }, 41)).toBe(
      'the queue is full (its requests hold 60 bytes)',
    );
  });

  it('refuses a body that is larger than the whole bound, also in an empty queue', () => {
    expect(refusal(bounds, { waiting: 0, waitingBytes: 0 }, 101)).toBeDefined();
  });

  it('lets nobody wait where the bound is 0', () => {
    expect(refusal({ ...bounds, waitingMax: 0 }, { waiting: 0, waitingBytes: 0 }, 0)).toBeDefined();
  });

  it('refuses while the queue stands above its bound, as it may when failed tickets came back', () => {
    expect(refusal(bounds, { waiting: 5, waitingBytes: 0 }, 0)).toBeDefined();
  });
});
