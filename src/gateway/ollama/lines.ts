/**
 * A task's answer in Ollama's objects: records of its log as the lines of a stream, its result as the last line or as the
 * whole answer. Pure.
 */
import { isJsonObject, type JsonObject } from '../../protocol/json-object.js';
import type { OllamaChatLine, OllamaGenerateLine } from '../../protocol/ollama.js';
import type { LogRecord } from '../../stream/record.js';
import type { OllamaRequest } from './request.js';

type Asked = Pick<OllamaRequest, 'call' | 'type' | 'model'>;
type Line = OllamaChatLine | OllamaGenerateLine;

/** Undefined for records that Ollama has no line for. Tool calls come whole, with the last lines. */
export function lineOf(asked: Asked, record: LogRecord, createdAt: string): Line | undefined {
  switch (record.kind) {
    case 'text':
      return line(asked, createdAt, record.text, {});
    case 'reasoning':
      return line(asked, createdAt, '', { thinking: record.text });
    case 'tool_call':
    case 'state':
    case 'restart':
    case 'done':
    case 'error':
      return undefined;
  }
}

/** A sign of life: an empty line would make clients complain. */
export function emptyLine(asked: Asked, createdAt: string): Line {
  return line(asked, createdAt, '', {});
}

/** What follows the texts: tool calls, and the line with the counts. `result`: of the task. */
export function lastLines(asked: Asked, result: unknown, createdAt: string): object[] {
  const whole = wholeAnswer(asked, result);
  const { message, thinking: _, ...rest } = whole;
  if (asked.type !== 'chat') return [{ ...rest, response: '' }];
  const calls = isJsonObject(message) ? message.tool_calls : undefined;
  const end = { ...rest, message: { role: 'assistant', content: '' } };
  if (!Array.isArray(calls) || calls.length === 0) return [end];
  const told = { role: 'assistant', content: '', tool_calls: calls };
  return [{ model: asked.model, created_at: createdAt, message: told, done: false }, end];
}

/** The result of a task is Ollama's final object already, but for the name by which its engine knows the model. */
export function wholeAnswer({ call, model }: Asked, result: unknown): JsonObject {
  const members = isJsonObject(result) ? result : {};
  if (call !== 'embeddings') return { ...members, model };
  const { embeddings } = members;
  return { embedding: (Array.isArray(embeddings) ? embeddings[0] : undefined) ?? [] };
}

/** Where a model is only loaded or unloaded, and nobody has to do anything for it. */
export function residencyAnswer(asked: Asked, reason: 'load' | 'unload', createdAt: string): JsonObject {
  const said = asked.type === 'chat' ? { message: { role: 'assistant', content: '' } } : { response: '' };
  return { model: asked.model, created_at: createdAt, ...said, done: true, done_reason: reason };
}

function line({ type, model }: Asked, createdAt: string, text: string, thought: { thinking?: string }): Line {
  const head = { model, created_at: createdAt };
  if (type === 'chat') return { ...head, message: { role: 'assistant', content: text, ...thought }, done: false };
  return { ...head, response: text, ...thought, done: false };
}
