/** What is sent through the gateways, test by test. */

export type WorkloadName = 'ns1' | 'ns32' | 's64' | 's512' | 'flat' | 'slow';

export interface Workload {
  readonly name: WorkloadName;
  readonly summary: string;
  /** As `load-client.c` has them. */
  readonly mode: 'whole' | 'stream' | 'slow';
  readonly connections: number;
  /** Tells the mock engine what to answer: `mock-n<chunks>-g<gap in us>`. */
  readonly model: string;
  /** 0: one request on each connection. */
  readonly durationMs: number;
  readonly staggerMs: number;
  /** What CPU time is divided by. */
  readonly unit: 'request' | 'chunk';
}

export const IDLE_STREAMS = 1_000;
/** One chunk now, the next in an hour. */
export const IDLE_MODEL = 'mock-n3-g3600000000';

const whole = { mode: 'whole', model: 'mock', staggerMs: 0, unit: 'request' } as const;
const stream = { mode: 'stream', durationMs: 0, unit: 'chunk' } as const;

export function workloads(quick: boolean): readonly Workload[] {
  const paced = `mock-n${quick ? 60 : 100}-g20000`;
  const flat = 'mock-n2000-g0';
  return [
    { ...whole, name: 'ns1', summary: 'one JSON answer after the other', connections: 1, durationMs: 1_000 },
    { ...whole, name: 'ns32', summary: '32 JSON answers at once', connections: 32, durationMs: 1_500 },
    { ...stream, name: 's64', summary: '64 streams, 20 ms a chunk', connections: 64, model: paced, staggerMs: 200 },
    { ...stream, name: 's512', summary: '512 streams, 20 ms a chunk', connections: 512, model: paced, staggerMs: 500 },
    {
      ...stream,
      name: 'flat',
      summary: '16 streams flat out',
      connections: 16,
      model: flat,
      durationMs: 1_000,
      staggerMs: 0,
    },
    {
      ...stream,
      name: 'slow',
      mode: 'slow',
      summary: '16 streams flat out, read slowly',
      connections: 16,
      model: flat,
      staggerMs: 0,
    },
  ];
}
