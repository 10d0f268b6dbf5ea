import { afterEach, describe, expect, it } from 'vitest';
import { type MockOptions, MockServer } from '../../bench/mock/server.js';
import type { Plan } from '../../bench/plan.js';
import type { RequestRecord } from '../../bench/record.js';
import { type LoadOutcome, type RunLoadOptions, runLoad } from '../../bench/run-load.js';
import { systemClock } from '../../src/base/clock.js';
import { atEnd, endAll } from '../support/ending.js';

afterEach(endAll);

const ITEM = { messages: [{ role: 'user', content: 'x' }], maxTokens: 8 };

async function mock(options: Partial<MockOptions> = {}): Promise<MockServer> {
  const shape = { tokensPerSecond: null, ttftMs: 0, tokens: 5, tokensPerChunk: 1, chunkBytes: 0, stamps: false };
  const server = new MockServer(
    { host: '127.0.0.1', port: 0, ...shape, ...options },
    { clock: systemClock, stampUs: () => 0 },
  );
  atEnd(() => server.stop());
  await server.start();
  return server;
}

function planFor(baseUrl: string, change: Partial<Plan> = {}): Plan {
  return {
    target: { baseUrl, endpoint: 'chat', model: 'm', stream: true, apiKey: undefined, headers: {} },
    load: { kind: 'closed', concurrency: 6, rampMs: 0 },
    stop: { kind: 'requests', requests: 50 },
    request: {
      maxTokens: 8,
      temperature: 0,
      ignoreEos: false,
      extraBody: {},
      firstTokenTimeoutMs: 15_000,
      idleTimeoutMs: 15_000,
      totalTimeoutMs: 15_000,
      saveText: false,
    },
    warmupRequests: 0,
    seed: 1,
    ...change,
  };
}

interface Played {
  readonly records: RequestRecord[];
  readonly outcome: LoadOutcome;
}

async function play(
  plan: Plan,
  options: Partial<RunLoadOptions> = {},
  items: Parameters<typeof runLoad>[1] = () => ITEM,
): Promise<Played> {
  const records: RequestRecord[] = [];
  const outcome = await runLoad(plan, items, {
    workers: 1,
    clock: systemClock,
    signal: new AbortController().signal,
    onRecord: (record) => void records.push(record),
    ...options,
  });
  return { records, outcome };
}

function indexes(records: readonly RequestRecord[]): number[] {
  return records.map(({ index }) => index).sort((a, b) => a - b);
}

const FIFTY = Array.from({ length: 50 }, (_, index) => index);

describe.each([1, 2])('a load played by %d threads', (workers) => {
  it('sends every request once, and hands over a record of each', async () => {
    const server = await mock();
    const { records, outcome } = await play(planFor(server.url), { workers });
    expect(server.requests).toBe(50);
    expect(indexes(records)).toEqual(FIFTY);
    expect(records.every(({ ok, chunks, gapsUs }) => ok && chunks === 5 && gapsUs.length === 4)).toBe(true);
    expect(new Set(records.map(({ worker }) => worker)).size).toBe(workers);
    expect(records.every(({ index, worker }) => index % workers === worker)).toBe(true);
    expect(outcome.health.threads).toHaveLength(workers);
    expect(outcome.health.threads.reduce((sum, { events }) => sum + events, 0)).toBe(250);
    expect(outcome.health).toMatchObject({ inFlightTarget: 6 });
    expect(outcome.health.threads.reduce((sum, { inFlightPeak }) => sum + inFlightPeak, 0)).toBe(6);
  });

  it('ends with its work, where that is less than the plan', async () => {
    const server = await mock();
    const items = (index: number) => (index < 20 ? { ...ITEM, maxTokens: index + 1 } : undefined);
    const { records } = await play(planFor(server.url), { workers }, items);
    expect(indexes(records)).toEqual(FIFTY.slice(0, 20));
  });

  it('sends more work than is fetched at a time', async () => {
    const server = await mock({ tokens: 1 });
    const plan = planFor(server.url, { stop: { kind: 'requests', requests: 700 } });
    const { records } = await play(plan, { workers });
    expect(indexes(records)).toEqual(Array.from({ length: 700 }, (_, index) => index));
  });

  it('sends requests when they are due, in an open loop', async () => {
    const server = await mock();
    const load = { kind: 'open', rate: 2_000, arrival: 'poisson', burstiness: 1, inFlightMax: 50, rampMs: 0 } as const;
    const { records, outcome } = await play(planFor(server.url, { load }), { workers });
    const single = await play(planFor(server.url, { load }));
    const due = (played: readonly RequestRecord[]) =>
      played.map(({ scheduledMs }) => scheduledMs).sort((a, b) => a - b);
    expect(due(records)).toEqual(due(single.records));
    expect(records.every(({ sentMs, scheduledMs }) => (sentMs ?? 0) >= scheduledMs - 0.01)).toBe(true);
    expect(outcome.health.threads.reduce((sum, { lagMs }) => sum + lagMs.count, 0)).toBe(50);
    expect(outcome.health.inFlightTarget).toBeNull();
  });

  it('warms up first, and does not count it', async () => {
    const server = await mock();
    const warm: RequestRecord[] = [];
    const { records } = await play(planFor(server.url), {
      workers,
      warmupItems: Array.from({ length: 7 }, () => ITEM),
      onWarmupRecord: (record) => void warm.push(record),
      onStart: () => expect([server.requests, warm.length]).toEqual([7, 7]),
    });
    expect(indexes(records)).toEqual(FIFTY);
    expect(records.some(({ connectionReused }) => connectionReused)).toBe(true);
    expect(server.requests).toBe(57);
  });

  it('records what was in flight as incomplete when it is interrupted', async () => {
    const server = await mock({ tokensPerSecond: 1, tokens: 1_000, ttftMs: 3_600_000 });
    const interrupt = new AbortController();
    const running = play(planFor(server.url), { workers, signal: interrupt.signal });
    while (server.requests < 6) await new Promise((resolve) => setImmediate(resolve));
    interrupt.abort();
    const { records, outcome } = await running;
    expect(records).toHaveLength(6);
    expect(records.every(({ incomplete, ok }) => incomplete && !ok)).toBe(true);
    expect(outcome.health.inFlightTarget).toBeNull();
  });

  it('ends at once where it was interrupted before', async () => {
    const server = await mock();
    const { records } = await play(planFor(server.url), { workers, signal: AbortSignal.abort(), warmupItems: [ITEM] });
    expect(records.filter(({ incomplete }) => !incomplete)).toEqual([]);
    expect(server.requests).toBe(0);
  });

  it('fails with what making work threw', async () => {
    const server = await mock();
    const items = () => {
      throw new Error('no prompts');
    };
    await expect(play(planFor(server.url), { workers }, items)).rejects.toThrow(/no prompts/);
  });

  it('fails, and does not hang, where a thread dies', async () => {
    await expect(play(planFor('no url'), { workers })).rejects.toThrow(/Invalid URL/);
  });
});

describe('a load', () => {
  it('tells how it stands while it is played', async () => {
    const server = await mock({ ttftMs: 3_600_000, tokensPerSecond: 1 });
    const interrupt = new AbortController();
    let inFlight = () => 0;
    const running = play(planFor(server.url), {
      workers: 2,
      signal: interrupt.signal,
      onStart: ({ play: standing }) => {
        inFlight = () => standing.inFlight;
      },
    });
    while (inFlight() < 6) await new Promise((resolve) => setImmediate(resolve));
    interrupt.abort();
    await running;
    expect(inFlight()).toBe(0);
  });
});
