/**
 * What a log lacks of an answer that is whole in its task: the end of a task may be durable before the last records of its
 * log are, and then the process is killed. Pure.
 */
import { isJsonObject } from '../protocol/json-object.js';
import type { TaskReport } from '../protocol/task.js';
import type { LogEntry, LogRecord } from '../stream/record.js';
import { ToolCallDrafts } from './dialect/openai-tool-calls.js';
import { finalAnswer } from './final-answer.js';

interface Content {
  readonly reasoning: string;
  readonly text: string;
  readonly calls: readonly LogRecord[];
}

/**
 * The records to append to `entries`, all of the log, so that it tells the answer of the completed task; the last one ends
 * it. Where what is there is not the beginning of the answer (a later attempt gave it), the answer begins again.
 */
export function restOfAnswer(entries: readonly LogEntry[], report: TaskReport): readonly LogRecord[] {
  const whole = finalAnswer(report).map(({ record }) => record);
  const rest = missing(contentOf(lastAttempt(entries)), contentOf(whole));
  return rest ? [...rest, ...whole.slice(-1)] : [{ kind: 'restart', attempt: report.retry_count + 1 }, ...whole];
}

/** Undefined where `told` is not the beginning of `whole`. */
function missing(told: Content, whole: Content): readonly LogRecord[] | undefined {
  const reasoning = restOf(told.reasoning, whole.reasoning);
  const text = restOf(told.text, whole.text);
  if (reasoning === undefined || text === undefined) return undefined;
  // What comes first was told first.
  if (reasoning !== '' && told.text !== '') return undefined;
  if (reasoning + text !== '' && told.calls.length > 0) return undefined;
  const hasCalls = callsText(told.calls) === callsText(whole.calls);
  if (!hasCalls && told.calls.length > 0) return undefined;
  return [
    ...(reasoning === '' ? [] : [{ kind: 'reasoning', text: reasoning } as const]),
    ...(text === '' ? [] : [{ kind: 'text', text } as const]),
    ...(hasCalls ? [] : whole.calls),
  ];
}

function restOf(told: string, whole: string): string | undefined {
  return whole.startsWith(told) ? whole.slice(told.length) : undefined;
}

function lastAttempt(entries: readonly LogEntry[]): readonly LogRecord[] {
  const at = entries.findLastIndex(({ record }) => record.kind === 'restart');
  return entries.slice(at + 1).map(({ record }) => record);
}

function contentOf(records: readonly LogRecord[]): Content {
  const joined = (kind: 'reasoning' | 'text') =>
    records.map((record) => (record.kind === kind ? record.text : '')).join('');
  return {
    reasoning: joined('reasoning'),
    text: joined('text'),
    calls: records.filter(({ kind }) => kind === 'tool_call'),
  };
}

function callsText(records: readonly LogRecord[]): string {
  const drafts = new ToolCallDrafts();
  for (const record of records) if (record.kind === 'tool_call' && isJsonObject(record.call)) drafts.add(record.call);
  return JSON.stringify(drafts.finish());
}
