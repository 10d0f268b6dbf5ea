/** Records on their way to the main thread: their gaps, which are most of them, move without being copied. */
import type { RequestRecord } from '../record.js';

export interface RecordBatch {
  /** Without their gaps. */
  readonly records: readonly RequestRecord[];
  /** Of all records one after the other. Floats: a gap may be longer than 32 bits of microseconds. */
  readonly gapsUs: Float64Array<ArrayBuffer>;
  readonly gapCounts: readonly number[];
}

export function packRecords(records: readonly RequestRecord[]): RecordBatch {
  const gapCounts = records.map(({ gapsUs }) => gapsUs.length);
  const gapsUs = new Float64Array(gapCounts.reduce((sum, count) => sum + count, 0));
  let at = 0;
  for (const record of records) {
    gapsUs.set(record.gapsUs, at);
    at += record.gapsUs.length;
  }
  return { records: records.map((record) => ({ ...record, gapsUs: [] })), gapsUs, gapCounts };
}

export function unpackRecords({ records, gapsUs, gapCounts }: RecordBatch): RequestRecord[] {
  let at = 0;
  return records.map((record, index) => {
    const start = at;
    at += gapCounts[index] ?? 0;
    return { ...record, gapsUs: Array.from(gapsUs.subarray(start, at)) };
  });
}
