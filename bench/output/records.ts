/**
 * Records of single requests as JSON lines (`--records FILE.jsonl`): one object a line, snake case, times in ms since the
 * run began, gaps in whole microseconds. The text of an answer is there only where it was asked for.
 */
import { z } from 'zod';
import { GollamaError } from '../../src/base/errors.js';
import { ERROR_CLASSES, type RequestRecord } from '../record.js';

const count = z.int().nonnegative();
const time = z.number().nullable();

const LINE = z.strictObject({
  i: count,
  worker: count,
  t_sched_ms: z.number(),
  t_send_ms: time,
  t_conn_ms: time,
  conn_reused: z.boolean(),
  t_headers_ms: time,
  t_first_event_ms: time,
  t_first_token_ms: time,
  t_first_content_ms: time,
  t_last_token_ms: time,
  t_end_ms: z.number(),
  status: count.nullable(),
  ok: z.boolean(),
  incomplete: z.boolean(),
  error_class: z.enum(ERROR_CLASSES).nullable(),
  error: z.string().nullable(),
  attempts: count,
  finish_reason: z.string().nullable(),
  prompt_tokens: count.nullable(),
  completion_tokens: count.nullable(),
  reasoning_tokens: count.nullable(),
  cached_tokens: count.nullable(),
  token_source: z.enum(['usage', 'timings', 'logprobs', 'chunks']).nullable(),
  chunks: count,
  gaps_us: z.array(z.number()),
  coalesced: count,
  prompt_hash: z.string(),
  model_reported: z.string().nullable(),
  server_timings: z
    .strictObject({ prompt_n: z.number(), prompt_ms: z.number(), predicted_n: z.number(), predicted_ms: z.number() })
    .nullable(),
  text: z.string().optional(),
});
type Line = z.output<typeof LINE>;

/** One line, without the line break. */
export function recordLine(record: RequestRecord): string {
  const { tokens, serverTimings } = record;
  const line: Line = {
    i: record.index,
    worker: record.worker,
    t_sched_ms: toMicro(record.scheduledMs),
    t_send_ms: orNull(record.sentMs),
    t_conn_ms: orNull(record.connectedMs),
    conn_reused: record.connectionReused,
    t_headers_ms: orNull(record.headersMs),
    t_first_event_ms: orNull(record.firstEventMs),
    t_first_token_ms: orNull(record.firstTokenMs),
    t_first_content_ms: orNull(record.firstContentMs),
    t_last_token_ms: orNull(record.lastTokenMs),
    t_end_ms: toMicro(record.endMs),
    status: record.status,
    ok: record.ok,
    incomplete: record.incomplete,
    error_class: record.errorClass,
    error: record.error,
    attempts: record.attempts,
    finish_reason: record.finishReason,
    prompt_tokens: tokens.prompt,
    completion_tokens: tokens.completion,
    reasoning_tokens: tokens.reasoning,
    cached_tokens: tokens.cached,
    token_source: tokens.source,
    chunks: record.chunks,
    gaps_us: [...record.gapsUs],
    coalesced: record.coalesced,
    prompt_hash: record.promptHash,
    model_reported: record.modelReported,
    server_timings: serverTimings && {
      prompt_n: serverTimings.promptTokens,
      prompt_ms: serverTimings.promptMs,
      predicted_n: serverTimings.predictedTokens,
      predicted_ms: serverTimings.predictedMs,
    },
    ...(record.text === undefined ? {} : { text: record.text }),
  };
  return JSON.stringify(line);
}

/** Records of a whole file. Throws `usage` with the line that is none. */
export function parseRecords(text: string, name: string): readonly RequestRecord[] {
  return text.split(/\r?\n/).flatMap((line, at) => (line.trim() === '' ? [] : [parseLine(line, `${name}:${at + 1}`)]));
}

function parseLine(text: string, place: string): RequestRecord {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (cause) {
    throw new GollamaError('usage', `${place}: this line is not JSON`, {
      cause,
      hint: 'records are written with gollama bench --records FILE.jsonl',
    });
  }
  const parsed = LINE.safeParse(found);
  if (parsed.success) return toRecord(parsed.data);
  const [issue] = parsed.error.issues;
  const problem = issue ? [issue.path.join('.'), issue.message].filter(Boolean).join(': ') : 'not an object';
  throw new GollamaError('usage', `${place}: this line is no record of a request: ${problem}`, {
    hint: 'records are written with gollama bench --records FILE.jsonl',
  });
}

function toRecord(line: Line): RequestRecord {
  const { server_timings: timings, text } = line;
  return {
    index: line.i,
    worker: line.worker,
    scheduledMs: line.t_sched_ms,
    sentMs: line.t_send_ms,
    connectedMs: line.t_conn_ms,
    connectionReused: line.conn_reused,
    headersMs: line.t_headers_ms,
    firstEventMs: line.t_first_event_ms,
    firstTokenMs: line.t_first_token_ms,
    firstContentMs: line.t_first_content_ms,
    lastTokenMs: line.t_last_token_ms,
    endMs: line.t_end_ms,
    status: line.status,
    ok: line.ok,
    incomplete: line.incomplete,
    errorClass: line.error_class,
    error: line.error,
    attempts: line.attempts,
    finishReason: line.finish_reason,
    tokens: {
      prompt: line.prompt_tokens,
      completion: line.completion_tokens,
      reasoning: line.reasoning_tokens,
      cached: line.cached_tokens,
      source: line.token_source,
    },
    chunks: line.chunks,
    gapsUs: line.gaps_us,
    coalesced: line.coalesced,
    promptHash: line.prompt_hash,
    modelReported: line.model_reported,
    serverTimings: timings && {
      promptTokens: timings.prompt_n,
      promptMs: timings.prompt_ms,
      predictedTokens: timings.predicted_n,
      predictedMs: timings.predicted_ms,
    },
    ...(text === undefined ? {} : { text }),
  };
}

/** The clock is no finer than a microsecond, and neither is the file. */
function toMicro(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

function orNull(ms: number | null): number | null {
  return ms === null ? null : toMicro(ms);
}
