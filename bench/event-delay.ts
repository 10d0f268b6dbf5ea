/** How late events of a stamped mock were seen: this side's own share of every latency that it reports. */
import { stampsIn } from './mock/answer-bytes.js';
import type { RequestRecord } from './record.js';

/**
 * Receive time - send time of each event of an answer whose text are stamps, in ms.
 * `startedAtUs` is the start of the run, from which the record counts, on the clock of the stamps.
 */
export function eventDelaysMs({ text = '', firstTokenMs, gapsUs }: RequestRecord, startedAtUs: number): number[] {
  if (firstTokenMs === null) return [];
  let receivedUs = startedAtUs + firstTokenMs * 1000;
  return stampsIn(text).map((sentUs, index) => {
    if (index > 0) receivedUs += gapsUs[index - 1] ?? 0;
    return (receivedUs - sentUs) / 1000;
  });
}
