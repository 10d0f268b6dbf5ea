import type { AnswerSink, Engine, EngineCall, EngineStatus } from '../../src/engine/engine.js';
import { StatusBoard } from '../../src/engine/status-board.js';

/** A call that waits for the test to say how it ends. */
export interface ManualCall {
  readonly call: EngineCall;
  readonly sink: AnswerSink;
  readonly signal: AbortSignal;
  end(): void;
  fail(error: Error): void;
}

/** An engine that does what a test says: `change` its status, end its `calls`. Ready with 1 slot for the model `m`. */
export class ManualEngine implements Engine {
  readonly name: string;
  readonly kind = 'simulated';
  readonly countsUnasked = true;
  readonly calls: ManualCall[] = [];
  /** The reasons of `recycle`. */
  readonly recycled: string[] = [];
  starts = 0;
  stops = 0;
  /** Why it cannot be started. */
  startFailure: Error | undefined;
  readonly #board: StatusBoard;

  constructor(name: string, status: Partial<EngineStatus> = {}) {
    this.name = name;
    this.#board = new StatusBoard({
      state: 'ready',
      models: ['m'],
      slots: 1,
      contextTokens: undefined,
      restarts: 0,
      problem: undefined,
      ...status,
    });
  }

  change(status: Partial<EngineStatus>): void {
    this.#board.update(status);
  }

  async start(): Promise<void> {
    this.starts += 1;
    if (this.startFailure) throw this.startFailure;
  }

  async stop(): Promise<void> {
    this.stops += 1;
  }

  status(): EngineStatus {
    return this.#board.status;
  }

  onChange(listener: () => void): () => void {
    return this.#board.onChange(listener);
  }

  forward(call: EngineCall, sink: AnswerSink, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.calls.push({ call, sink, signal, end: resolve, fail: reject });
    });
  }

  recycle(reason: string): void {
    this.recycled.push(reason);
  }
}
