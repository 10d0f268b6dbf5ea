/** The times of one request, as `result.ts` defines them. */
import type { RequestRecord } from '../record.js';
import type { LatencyName } from '../result.js';

/** All latencies but `icl`, of which a request has many. */
export const REQUEST_LATENCIES = [
  'e2e',
  'ttft',
  'ttfr',
  'ttfo',
  'tpot',
  'ntpot',
  'client_queue',
  'connect',
  'headers',
  'stream_close',
] as const satisfies readonly Exclude<LatencyName, 'icl'>[];
export type RequestLatency = (typeof REQUEST_LATENCIES)[number];

/** In ms; null where it was not observed. */
export type RequestFigures = Readonly<Record<RequestLatency, number | null>>;

/**
 * Of a record that is a success. Where nothing was streamed there is no first token: its times are null, and not the end of
 * the body. `connect` is that of new connections: the zeros of those that were open already say nothing.
 */
export function figuresOf(record: RequestRecord, streamed: boolean): RequestFigures {
  const { scheduledMs: startMs, sentMs, lastTokenMs, endMs } = record;
  const completion = record.tokens.completion ?? 0;
  const e2e = since(startMs, lastTokenMs);
  const ttft = streamed ? since(startMs, record.firstTokenMs) : null;
  return {
    e2e,
    ttft,
    ttfr: streamed ? since(startMs, record.firstEventMs) : null,
    ttfo: streamed ? since(startMs, record.firstContentMs) : null,
    tpot: timePerToken(record, e2e, ttft),
    ntpot: e2e === null || completion === 0 ? null : e2e / completion,
    client_queue: since(startMs, sentMs),
    connect: record.connectionReused ? null : since(sentMs, record.connectedMs),
    headers: since(startMs, record.headersMs),
    stream_close: streamed ? since(lastTokenMs, endMs) : null,
  };
}

/** Of one event nothing can be told: its tokens came together, however long each took. */
function timePerToken({ tokens, chunks }: RequestRecord, e2e: number | null, ttft: number | null): number | null {
  if (e2e === null || ttft === null || tokens.completion === null) return null;
  return tokens.completion > 1 && chunks > 1 ? (e2e - ttft) / (tokens.completion - 1) : null;
}

function since(fromMs: number | null, toMs: number | null): number | null {
  return fromMs === null || toMs === null ? null : toMs - fromMs;
}
