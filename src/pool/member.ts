/** An engine in the pool: counts its slots. The only owner of "how many are in use". */
import type { AnswerSink, Engine, EngineCall, EngineStatus } from '../engine/engine.js';
import { SlotStuckError } from '../engine/engine.js';

/** A held slot. Whoever acquired it releases it, exactly once. */
export interface Lease {
  readonly engine: Engine;
  forward(call: EngineCall, sink: AnswerSink, signal: AbortSignal): Promise<void>;
  release(): void;
}

export interface MemberOptions {
  readonly engine: Engine;
  /** Names it answers for, told by the user; empty: those that the engine finds out. */
  readonly models: readonly string[];
  readonly aliases: readonly string[];
  readonly weight: number;
}

export class Member {
  readonly engine: Engine;
  readonly weight: number;
  readonly #options: MemberOptions;
  #inUse = 0;
  #quarantined = 0;
  #wasReady = false;

  constructor(options: MemberOptions) {
    this.engine = options.engine;
    this.weight = options.weight;
    this.#options = options;
  }

  get status(): EngineStatus {
    return this.engine.status();
  }

  /** True where only the names the user gave are served. */
  get strict(): boolean {
    return this.#options.models.length > 0;
  }

  get models(): readonly string[] {
    return this.strict ? this.#options.models : this.status.models;
  }

  serves(model: string): boolean {
    return this.models.includes(model) || this.#options.aliases.includes(model);
  }

  /** What the engine calls the model that was asked for: an alias is ours alone, the engine may not know it. */
  engineModel(model: string): string {
    return this.#options.aliases.includes(model) ? (this.models[0] ?? model) : model;
  }

  get inUse(): number {
    return this.#inUse;
  }

  get quarantined(): number {
    return this.#quarantined;
  }

  get free(): number {
    const { state, slots } = this.status;
    return state === 'ready' ? Math.max(0, slots - this.#inUse - this.#quarantined) : 0;
  }

  acquire(): Lease {
    this.#inUse += 1;
    let released = false;
    const release = (stuck: boolean) => {
      if (released) throw new Error(`lease on ${this.engine.name} released twice`);
      released = true;
      this.#inUse -= 1;
      if (stuck) this.#quarantine();
    };
    let stuck = false;
    return {
      engine: this.engine,
      forward: async (call, sink, signal) => {
        try {
          await this.engine.forward(call, sink, signal);
        } catch (error) {
          stuck ||= error instanceof SlotStuckError;
          throw error;
        }
      },
      release: () => release(stuck),
    };
  }

  /** An engine that comes back from a restart has all its slots again. */
  statusChanged(): void {
    const ready = this.status.state === 'ready';
    if (ready && !this.#wasReady) this.#quarantined = 0;
    this.#wasReady = ready;
  }

  #quarantine(): void {
    this.#quarantined += 1;
    this.engine.recycle('a cancelled request did not free its slot');
  }
}
