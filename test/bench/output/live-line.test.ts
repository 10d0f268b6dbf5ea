import { describe, expect, it } from 'vitest';
import { liveLine, logLine, type ProgressFigures } from '../../../bench/output/live-line.js';

const FIGURES: ProgressFigures = {
  done: 12,
  total: 20,
  inFlight: 4,
  failed: 0,
  outputTps: 13.06,
  ttftP50Ms: 1213.21,
  e2eP50Ms: 11_410.98,
  etaMs: 24_200,
};

describe('the line of a running bench', () => {
  it('tells what is done, what goes on and how fast', () => {
    expect(liveLine(FIGURES)).toBe('12/20  4 in flight  0 failed  13.1 tok/s  TTFT p50 1.21s  E2E p50 11.4s  eta 24s');
  });

  it('leaves out what is not known yet', () => {
    const nothing = { outputTps: null, ttftP50Ms: null, e2eP50Ms: null, etaMs: null };
    expect(liveLine({ ...FIGURES, ...nothing, done: 0 })).toBe('0/20  4 in flight  0 failed');
  });

  it('has no total where the run stops by time', () => {
    expect(liveLine({ ...FIGURES, total: null, etaMs: 185_000 })).toMatch(/^12 done {2}.* eta 3m05s$/);
  });

  it('in a log tells the time since the start', () => {
    expect(logLine({ ...FIGURES, etaMs: 7_800_000 }, 60_000)).toMatch(/^bench 1m00s: 12\/20 {2}.* eta 2h10m$/);
  });
});
