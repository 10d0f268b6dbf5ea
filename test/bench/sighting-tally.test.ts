import { expect, test } from 'vitest';
import { SightingTally } from '../../bench/metrics/sighting-tally.js';
import type { RequestRecord } from '../../bench/record.js';

function seen(prompts: Iterable<number>): SightingTally {
  const tally = new SightingTally();
  const record = { modelReported: 'm', chunks: 1, coalesced: 0 } as RequestRecord;
  for (const prompt of prompts) tally.add({ ...record, promptHash: String(prompt) });
  return tally;
}

test('a long run of unique prompts is not taken for one that repeats them', () => {
  expect(seen(Array(25_000).keys()).perPrompt).toBe(1);
});

test('repeated prompts are counted, also in a long run', () => {
  expect(seen(Array.from({ length: 20_000 }, (_, index) => index % 4)).perPrompt).toBe(5_000);
});
