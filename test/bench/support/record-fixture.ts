/** Plans and records of requests, with plain figures where a test does not care. */
import type { Plan } from '../../../bench/plan.js';
import type { RequestRecord, TokenCounts } from '../../../bench/record.js';

type RecordChange = Omit<Partial<RequestRecord>, 'tokens'> & { readonly tokens?: Partial<TokenCounts> };

/** A success: headers after 50 ms, then five tokens at 100, 120, 140, 160 and 180 ms, all after `scheduledMs`. */
export function recordFixture(change: RecordChange = {}): RequestRecord {
  const startMs = change.scheduledMs ?? 0;
  const { tokens, ...rest } = change;
  return {
    index: 0,
    worker: 0,
    scheduledMs: startMs,
    sentMs: startMs,
    connectedMs: startMs,
    connectionReused: true,
    headersMs: startMs + 50,
    firstEventMs: startMs + 60,
    firstTokenMs: startMs + 100,
    firstContentMs: startMs + 100,
    lastTokenMs: startMs + 180,
    endMs: startMs + 182,
    status: 200,
    ok: true,
    errorClass: null,
    error: null,
    attempts: 1,
    finishReason: 'stop',
    chunks: 5,
    gapsUs: [20_000, 20_000, 20_000, 20_000],
    coalesced: 0,
    serverTimings: null,
    promptHash: `prompt-${change.index ?? 0}`,
    modelReported: 'm',
    incomplete: false,
    ...rest,
    tokens: { prompt: 10, completion: 5, reasoning: null, cached: null, source: 'usage', ...tokens },
  };
}

/** A request that was refused after 50 ms. */
export function failedRecord(change: RecordChange = {}): RequestRecord {
  const startMs = change.scheduledMs ?? 0;
  return recordFixture({
    firstEventMs: null,
    firstTokenMs: null,
    firstContentMs: null,
    lastTokenMs: null,
    endMs: startMs + 50,
    status: 503,
    ok: false,
    errorClass: 'http_5xx',
    error: 'HTTP 503: come later',
    finishReason: null,
    chunks: 0,
    gapsUs: [],
    modelReported: null,
    ...change,
    tokens: { prompt: null, completion: null, source: null, ...change.tokens },
  });
}

export interface PlanChange {
  readonly target?: Partial<Plan['target']>;
  readonly load?: Plan['load'];
  readonly request?: Partial<Plan['request']>;
}

export function planFixture(change: PlanChange = {}): Plan {
  return {
    target: {
      baseUrl: 'http://127.0.0.1:8081',
      endpoint: 'chat',
      model: 'local',
      stream: true,
      apiKey: undefined,
      headers: {},
      ...change.target,
    },
    load: change.load ?? { kind: 'closed', concurrency: 1, rampMs: 0 },
    stop: { kind: 'requests', requests: 20 },
    request: {
      maxTokens: 128,
      temperature: 0.2,
      ignoreEos: false,
      extraBody: {},
      firstTokenTimeoutMs: 300_000,
      idleTimeoutMs: 60_000,
      totalTimeoutMs: 600_000,
      saveText: false,
      ...change.request,
    },
    warmupRequests: 0,
    seed: 42,
  };
}

export interface ClosedLoop {
  readonly requests: number;
  readonly concurrency: number;
  readonly tokens: number;
  readonly ttftMs: number;
  /** Of request `index`. */
  readonly tokenMs: (index: number) => number;
}

/** Records of a closed loop against a server that keeps its pace, in the order of their ends. */
export function closedLoop({ requests, concurrency, tokens, ttftMs, tokenMs }: ClosedLoop): RequestRecord[] {
  const freeAtMs = new Array<number>(concurrency).fill(0);
  const records = Array.from({ length: requests }, (_, index) => {
    const slot = freeAtMs.indexOf(Math.min(...freeAtMs));
    const startMs = freeAtMs[slot] ?? 0;
    const firstTokenMs = startMs + ttftMs;
    const lastTokenMs = firstTokenMs + (tokens - 1) * tokenMs(index);
    freeAtMs[slot] = lastTokenMs;
    return recordFixture({
      index,
      scheduledMs: startMs,
      headersMs: firstTokenMs,
      firstEventMs: firstTokenMs,
      firstTokenMs,
      firstContentMs: firstTokenMs,
      lastTokenMs,
      endMs: lastTokenMs,
      chunks: tokens,
      gapsUs: new Array<number>(tokens - 1).fill(Math.round(tokenMs(index) * 1000)),
      tokens: { prompt: 25, completion: tokens },
    });
  });
  return records.sort((one, other) => one.endMs - other.endMs);
}
