/** How an attempt talks to an engine: the call that a task becomes, and what the engine's bytes mean. */
import type { Clock } from '../../base/clock.js';
import type { AnswerHead, EngineCall } from '../../engine/engine.js';
import type { TaskPayload, TaskType } from '../../protocol/task.js';
import type { LogRecord, Usage } from '../../stream/record.js';

/** What an attempt needs to know of a task. */
export interface AttemptTask {
  readonly type: TaskType;
  /** As the client named it. */
  readonly model: string;
  readonly payload: TaskPayload;
  /** Ollama's options, whatever engine it runs on. */
  readonly options: Readonly<Record<string, unknown>> | null;
}

/** A whole answer. */
export interface Answer {
  /** Ollama's final object for the type (`protocol/ollama.ts`). */
  readonly result: object;
  /** Undefined where the engine did not count. */
  readonly usage: Usage | undefined;
}

export interface DecoderParts {
  readonly task: AttemptTask;
  /** Of an answer with status 2xx. */
  readonly head: AnswerHead;
  readonly clock: Clock;
  /** When the call was sent, on the clock. */
  readonly startedAtMs: number;
  /** Gets every piece of text, reasoning and tool calls as it comes. */
  readonly onRecord: (record: LogRecord) => void;
  /** Most that is kept of an answer. */
  readonly answerBytesMax: number;
}

export interface AnswerDecoder {
  /** Takes the next bytes. Throws an AnswerFault where the answer is of no use from here on. */
  take(bytes: Buffer): void;
  /** The answer after its last byte; undefined where it did not come to its end. Throws an AnswerFault as `take` does. */
  finish(): Answer | undefined;
}

export interface Dialect {
  call(task: AttemptTask, engineModel: string): EngineCall;
  decoder(parts: DecoderParts): AnswerDecoder;
}

/** The engine answered, but with an error inside the answer, or with something that cannot be understood or held. */
export class AnswerFault extends Error {
  override readonly name = 'AnswerFault';
  /** The HTTP status that the engine would have answered with, where it says so. */
  readonly status: number | undefined;

  constructor(message: string, status?: number, cause?: unknown) {
    super(message, { cause });
    this.status = status;
  }
}

export function postJson(path: string, body: object, accept: string): EngineCall {
  return {
    method: 'POST',
    path,
    headers: { 'content-type': 'application/json', accept },
    body: Buffer.from(JSON.stringify(body)),
    stream: 'stream' in body && body.stream === true,
  };
}

export function tooLarge(answerBytesMax: number): AnswerFault {
  return new AnswerFault(`the answer is larger than ${answerBytesMax} bytes`);
}
