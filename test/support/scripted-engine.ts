/** An engine whose every call is answered by the test. */
import type { AnswerSink, Engine, EngineCall, EngineStatus } from '../../src/engine/engine.js';
import { StatusBoard } from '../../src/engine/status-board.js';

export type Script = (call: EngineCall, sink: AnswerSink, signal: AbortSignal) => Promise<void> | void;

export interface ScriptedEngineOptions {
  readonly name?: string;
  readonly slots?: number;
  readonly models?: readonly string[];
  readonly countsUnasked?: boolean;
}

export class ScriptedEngine implements Engine {
  readonly kind = 'openai';
  readonly name: string;
  readonly countsUnasked: boolean;
  readonly calls: EngineCall[] = [];
  readonly recycled: string[] = [];
  readonly #board: StatusBoard;
  readonly #scripts: Script[] = [];

  constructor(options: ScriptedEngineOptions = {}) {
    this.name = options.name ?? 'one';
    this.countsUnasked = options.countsUnasked ?? false;
    const { slots = 1, models = ['m'] } = options;
    this.#board = new StatusBoard({
      state: 'ready',
      models,
      slots,
      contextTokens: undefined,
      restarts: 0,
      problem: undefined,
    });
  }

  /** How the next calls are answered, each by one script; the last one stays. */
  answers(...scripts: Script[]): this {
    this.#scripts.push(...scripts);
    return this;
  }

  become(change: Partial<EngineStatus>): void {
    this.#board.update(change);
  }

  status(): EngineStatus {
    return this.#board.status;
  }

  onChange(listener: () => void): () => void {
    return this.#board.onChange(listener);
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {
    this.#board.update({ state: 'stopped' });
  }

  recycle(reason: string): void {
    this.recycled.push(reason);
  }

  async forward(call: EngineCall, sink: AnswerSink, signal: AbortSignal): Promise<void> {
    this.calls.push(call);
    const script = this.#scripts.length > 1 ? this.#scripts.shift() : this.#scripts[0];
    if (!script) throw new Error(`${this.name} was not told how to answer`);
    await script(call, sink, signal);
  }
}
