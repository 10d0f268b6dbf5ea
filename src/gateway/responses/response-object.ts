/** The response object of the OpenAI API, from the task that answers it. Pure. */
import { GollamaError } from '../../base/errors.js';
import { isJsonObject, type JsonObject } from '../../protocol/json-object.js';
import type { TaskReport } from '../../protocol/task.js';
import type { Usage } from '../../stream/record.js';
import type { ResponseEcho } from './request.js';

export type ResponseStatus = 'queued' | 'in_progress' | 'completed' | 'incomplete' | 'failed' | 'cancelled';

/** What is kept in the payload of a response's task, under `gollama`; engines are not sent it. */
export interface ResponseNote {
  readonly response: ResponseEcho;
  /** SHA-256 of the request that had an Idempotency-Key, in hex. */
  readonly body_sha256?: string;
}

export interface ResponseState {
  readonly status: ResponseStatus;
  readonly output: readonly JsonObject[];
  readonly usage: Usage | undefined;
  /** Why it failed. */
  readonly error: string | undefined;
}

/** Undefined where the task is none of a response. */
export function noteOf(report: Pick<TaskReport, 'id' | 'payload'>): ResponseNote | undefined {
  const note = (report.payload as JsonObject).gollama;
  if (!report.id.startsWith('resp_') || !isJsonObject(note) || !isJsonObject(note.response)) return undefined;
  return note as unknown as ResponseNote;
}

/** True where nobody but the client that asked for it can want it: neither stored nor of an Idempotency-Key. */
export function endsWithClient(report: TaskReport): boolean {
  const note = noteOf(report);
  return note !== undefined && !note.response.store && note.body_sha256 === undefined;
}

/** As it is stored, without an output. */
export function stateOf(report: TaskReport): ResponseState {
  return { status: statusOf(report), output: [], usage: undefined, error: report.error };
}

export function statusOf(report: Pick<TaskReport, 'status' | 'result'>): ResponseStatus {
  switch (report.status) {
    case 'pending':
      return 'queued';
    case 'running':
      return 'in_progress';
    case 'completed':
      return incompleteReason(report.result) === undefined ? 'completed' : 'incomplete';
    case 'failed':
      return 'failed';
    case 'cancelled':
      return 'cancelled';
  }
}

/** Throws `not_found` where the task is none of a response. */
export function responseObject(report: TaskReport, state: ResponseState): JsonObject {
  const note = noteOf(report);
  if (!note) throw new GollamaError('not_found', `response not found: ${report.id}`);
  const { status, output, usage, error } = state;
  const reason = status === 'incomplete' ? incompleteReason(report.result) : undefined;
  const hasEnded = status === 'completed' || status === 'incomplete';
  return {
    id: report.id,
    object: 'response',
    created_at: seconds(report.created_at),
    completed_at: hasEnded && report.completed_at !== undefined ? seconds(report.completed_at) : null,
    status,
    error: status === 'failed' ? { code: 'server_error', message: error ?? 'the response failed' } : null,
    incomplete_details: reason === undefined ? null : { reason },
    model: report.model,
    output,
    ...note.response,
    truncation: 'disabled',
    usage: usage === undefined ? null : usageObject(usage),
  };
}

/** Why an answer that came to its end is none. */
function incompleteReason(result: unknown): string | undefined {
  const reason = isJsonObject(result) ? result.done_reason : undefined;
  if (reason === 'length') return 'max_output_tokens';
  return reason === 'content_filter' ? 'content_filter' : undefined;
}

/** Engines do not tell how much of it was cached, or thought. */
function usageObject({ prompt_tokens: input, completion_tokens: output, total_tokens: total }: Usage): JsonObject {
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: total,
  };
}

function seconds(time: string): number {
  return Math.floor(Date.parse(time) / 1000);
}
