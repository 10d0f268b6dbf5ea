import { describe, expect, it } from 'vitest';
import { eventDelaysMs } from '../../bench/event-delay.js';
import { recordFixture } from './support/record-fixture.js';

describe('the delay of events', () => {
  it('is the receiving less the sending, event by event', () => {
    const text = [1_005_000, 1_025_000, 1_045_500].map((us) => `${us.toString().padStart(16, '0')} `).join('');
    const seen = recordFixture({ text, firstTokenMs: 6, gapsUs: [20_000, 22_000] });
    expect(eventDelaysMs(seen, 1_000_000)).toEqual([1, 1, 2.5]);
  });

  it('is none where nothing came', () => {
    expect(eventDelaysMs(recordFixture({ text: '', firstTokenMs: null, gapsUs: [] }), 0)).toEqual([]);
  });
});
