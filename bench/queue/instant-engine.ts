/** An engine that has answered before it was asked: what is left is the queue. */
import type { AnswerSink, Engine, EngineCall, EngineStatus } from '../../src/engine/engine.js';
import { ANSWER, MODEL } from './workload.js';

const HEAD = { status: 200, headers: { 'content-type': 'application/json' } };
const FLOW = { resume: () => {} };
const WHOLE_ANSWER = Buffer.from(
  JSON.stringify({
    choices: [{ index: 0, message: { role: 'assistant', content: ANSWER }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 200, completion_tokens: 100, total_tokens: 300 },
  }),
);

export class InstantEngine implements Engine {
  readonly name = 'instant';
  readonly kind = 'openai';
  readonly countsUnasked = false;
  readonly #slots: number;
  readonly #onCall: () => void;

  /** `onCall` is called when a task has come to the engine. */
  constructor(slots: number, onCall: () => void) {
    this.#slots = slots;
    this.#onCall = onCall;
  }

  status(): EngineStatus {
    const slots = this.#slots;
    return { state: 'ready', models: [MODEL], slots, contextTokens: undefined, restarts: 0, problem: undefined };
  }

  onChange(): () => void {
    return () => {};
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  recycle(): void {}

  forward(_call: EngineCall, sink: AnswerSink): Promise<void> {
    this.#onCall();
    sink.head(HEAD, FLOW);
    sink.chunk(WHOLE_ANSWER);
    return Promise.resolve();
  }
}
