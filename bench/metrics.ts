/** Records in, figures out: the measured parts of a result. By the definitions in `result.ts`. */
import type { Plan } from './plan.js';
import type { RequestRecord } from './record.js';
import { type Measured, Recorder, type RecorderOptions } from './recorder.js';

export type MeasureFacts = Omit<RecorderOptions, 'plan'>;

/** In any order. What could not be measured is null, never 0. */
export function measure(records: Iterable<RequestRecord>, plan: Plan, facts: MeasureFacts = {}): Measured {
  const recorder = new Recorder({ plan, ...facts });
  for (const record of records) recorder.add(record);
  return recorder.measured();
}
