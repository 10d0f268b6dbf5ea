/** Attempts at tasks on engines that a test writes, or on any engine. */
import { systemClock } from '../../src/base/clock.js';
import type { AnswerSink, Engine } from '../../src/engine/engine.js';
import type { TaskType } from '../../src/protocol/task.js';
import type { LogRecord } from '../../src/stream/record.js';
import { type AttemptParts, type AttemptTask, runAttempt } from '../../src/tasks/attempt.js';
import { type Script, ScriptedEngine } from './scripted-engine.js';

const PAYLOADS: Record<TaskType, AttemptTask['payload']> = {
  chat: { messages: [{ role: 'user', content: 'Hello' }] },
  generate: { prompt: 'Hello' },
  embed: { input: ['one', 'two!'] },
};

export function task(
  type: TaskType,
  members: Record<string, unknown> = {},
  more: Partial<AttemptTask> = {},
): AttemptTask {
  return { type, model: 'm', payload: { ...PAYLOADS[type], ...members }, options: null, ...more };
}

/** Runs an attempt and keeps what it told on the way. */
export async function attempt(asked: AttemptTask, engine: Engine, parts: Partial<AttemptParts> = {}) {
  const records: LogRecord[] = [];
  const outcome = await runAttempt(asked, {
    lease: { engine, forward: (...call) => engine.forward(...call) },
    engineModel: asked.model,
    signal: new AbortController().signal,
    clock: systemClock,
    onRecord: (record) => records.push(record) > 0,
    drained: () => Promise.resolve(),
    ...parts,
  });
  return { outcome, records, text: textOf(records, 'text'), reasoning: textOf(records, 'reasoning') };
}

function textOf(records: readonly LogRecord[], kind: 'text' | 'reasoning'): string {
  return records.map((record) => (record.kind === kind ? record.text : '')).join('');
}

/** An engine named `one` that answers every call with these bytes. */
export function answering(kind: Engine['kind'], contentType: string, ...pieces: (string | Buffer)[]): ScriptedEngine {
  return scripted(kind, (_call, sink) => write(sink, 200, contentType, pieces));
}

export function scripted(kind: Engine['kind'], ...scripts: Script[]): ScriptedEngine {
  return Object.assign(new ScriptedEngine({ name: 'one' }).answers(...scripts), { kind });
}

export function write(sink: AnswerSink, status: number, contentType: string, pieces: (string | Buffer)[] = []): void {
  sink.head({ status, headers: { 'content-type': contentType } }, { resume() {} });
  for (const piece of pieces) sink.chunk(Buffer.from(piece));
}

export const SSE = 'text/event-stream';
export const JSON_TYPE = 'application/json; charset=utf-8';
export const NDJSON = 'application/x-ndjson';
