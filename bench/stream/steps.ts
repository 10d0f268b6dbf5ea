/** What a round measures, in its order, and with whom. */

/** `bare`: a loop over `ws`. The others are gollama, with logs on the disk as it is started, or in memory. */
export const CONTESTANTS = ['bare', 'centrifuge', 'sse', 'centrifuge-memory', 'sse-memory'] as const;
export type Contestant = (typeof CONTESTANTS)[number];

export interface Step {
  /** As `--only` has it. */
  readonly name: string;
  readonly title: string;
  readonly producers: number;
  readonly readers: number;
  /** Records a second of each producer in the phase that compares: few enough for readers to keep up. */
  readonly ratePerS: number;
  /** Their writers do as fast as they can. */
  readonly stalls?: true;
}

export const STEPS: readonly Step[] = [
  { name: 'fan-1', title: '1 reader', producers: 1, readers: 1, ratePerS: 1_000 },
  { name: 'fan-100', title: '100 readers', producers: 1, readers: 100, ratePerS: 200 },
  { name: 'fan-1000', title: '1,000 readers', producers: 1, readers: 1_000, ratePerS: 20 },
  { name: 'fan-10000', title: '10,000 readers', producers: 1, readers: 10_000, ratePerS: 2 },
  { name: 'producers', title: '1,000 producers', producers: 1_000, readers: 1_000, ratePerS: 20 },
  { name: 'stalled', title: '1,000 stalled readers', producers: 1, readers: 1_000, ratePerS: 0, stalls: true },
];

/** With logs in memory every record wakes its readers: a disk would hide what they cost the writer. */
export const STALLED_CONTESTANTS: readonly Contestant[] = ['centrifuge-memory', 'sse-memory'];

/** Deliveries of the phase in which everything is told as fast as it goes. */
const BURST_DELIVERIES = 100_000;
const BURST_RECORDS_MAX = 20_000;

/** Records of each producer. */
export function burstRecords({ readers }: Step): number {
  return Math.min(BURST_RECORDS_MAX, Math.ceil(BURST_DELIVERIES / readers));
}
