import { describe, expect, it } from 'vitest';
import { AGAIN, IDIOMATIC, type Measurement, OURS, type Sample, TARGET_LOAD } from '../../../bench/client/rounds.js';
import { costRatio, sustained, verdicts } from '../../../bench/client/summary.js';
import { climbTable, loadTable, targetTable } from '../../../bench/client/tables.js';

function sample(round: number, name: string, cpuUsPerEvent: number, delayP50Ms = 0.5): Sample {
  const report = { events: 100, wallMs: 1_000, cpuUs: cpuUsPerEvent * 100, elu: 0.5, delayP50Ms, delayP99Ms: 3 };
  return { round, name, load: TARGET_LOAD, report, mockCpuUs: 500, neighbourCores: 0.1 };
}

const MEASUREMENT: Measurement = {
  samples: [
    sample(1, OURS.name, 20),
    sample(1, IDIOMATIC.name, 50, 9),
    sample(1, AGAIN.name, 20),
    // A busy round: both are dearer, and the ratio is what it was.
    sample(2, OURS.name, 40),
    sample(2, IDIOMATIC.name, 100, 9),
    sample(2, AGAIN.name, 50),
  ],
  climbs: [
    { round: 1, name: OURS.name, eventsPerSecond: 16_000 },
    { round: 2, name: OURS.name, eventsPerSecond: 6_400 },
  ],
};

describe('the summary of the client benchmark', () => {
  it('compares inside a round', () => {
    expect(costRatio(MEASUREMENT, TARGET_LOAD, OURS.name, IDIOMATIC.name)).toEqual({
      median: 0.4,
      low: 0.4,
      high: 0.4,
    });
    expect(sustained(MEASUREMENT, OURS.name)?.median).toBe(11_200);
  });

  it('holds what it found against the targets', () => {
    expect(verdicts(MEASUREMENT).map(({ meets }) => meets)).toEqual([true, true, false, undefined]);
  });

  it('has no verdict on what was not measured', () => {
    const [ratio, delay, events] = verdicts({ samples: [], climbs: [] });
    expect([ratio?.meets, delay?.meets, events?.meets]).toEqual([undefined, undefined, undefined]);
  });

  it('is shown as tables with median, lowest and highest', () => {
    expect(loadTable(MEASUREMENT, TARGET_LOAD)).toContain('30.0 (20.0..40.0)');
    expect(climbTable(MEASUREMENT)).toContain('11200 (6400..16000)');
    expect(targetTable(verdicts(MEASUREMENT))).toMatch(/0\.40 +│ +0\.6 │ yes/);
  });
});
