/** The answer of a task whose log is not kept any more: told again from its result, whole. Pure. */
import { isJsonObject } from '../protocol/json-object.js';
import type { TaskReport } from '../protocol/task.js';
import type { LogEntry, LogRecord, Usage } from '../stream/record.js';

/** Of a task that has ended. The entries are numbered from 1; the last one ends the answer. */
export function finalAnswer(report: TaskReport): readonly LogEntry[] {
  const records: LogRecord[] = report.status === 'completed' ? textRecords(report.result) : [];
  records.push(ending(report));
  return records.map((record, at) => ({ sequence: at + 1, record }));
}

/** Chats have their text in `message`, generated texts in `response`; embeddings have none. */
function textRecords(result: unknown): LogRecord[] {
  if (!isJsonObject(result)) return [];
  const message = isJsonObject(result.message) ? result.message : {};
  const reasoning = message.thinking ?? result.thinking;
  const text = message.content ?? result.response;
  const calls = Array.isArray(message.tool_calls) ? (message.tool_calls as unknown[]) : [];
  return [
    ...(isText(reasoning) ? [{ kind: 'reasoning', text: reasoning } as const] : []),
    ...(isText(text) ? [{ kind: 'text', text } as const] : []),
    ...calls.map((call, index) => ({ kind: 'tool_call', call: streamedCall(call, index) }) as const),
  ];
}

/** A call of Ollama's result in the form in which it is streamed (OpenAI's `delta.tool_calls[0]`, arguments as text). */
function streamedCall(call: unknown, index: number): unknown {
  if (!isJsonObject(call) || !isJsonObject(call.function)) return call;
  const { name, arguments: given } = call.function;
  const text = typeof given === 'string' ? given : JSON.stringify(given ?? {});
  return { index, type: 'function', ...call, function: { name, arguments: text } };
}

function ending(report: TaskReport): LogRecord {
  const { status, error, result } = report;
  if (status === 'failed') return { kind: 'error', message: error ?? 'the task failed', code: 'engine_error' };
  return { kind: 'done', status, usage: usageOf(result) };
}

function usageOf(result: unknown): Usage | undefined {
  if (!isJsonObject(result)) return undefined;
  const { prompt_eval_count: prompt, eval_count: completion = 0 } = result;
  if (typeof prompt !== 'number' || typeof completion !== 'number') return undefined;
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
