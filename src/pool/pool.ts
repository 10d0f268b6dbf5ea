/** The engines by model, and who may use their slots. It decides nothing about order: that is the queue's. */
import { GollamaError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { nearest } from '../base/nearest.js';
import type { Service } from '../base/service.js';
import type { EngineState } from '../engine/engine.js';
import { chooseMember } from './balancer.js';
import { type Lease, Member, type MemberOptions } from './member.js';

/** What a ticket for a model can hope for: `ready` (now or when a slot is free), `starting` (soon), `down` (not by itself). */
export type Outlook = 'ready' | 'starting' | 'down';

/** The route of requests that any engine may answer. */
const ANY_MODEL = '*';

const OUTLOOK: Record<EngineState, Outlook> = {
  ready: 'ready',
  starting: 'starting',
  backoff: 'starting',
  stopped: 'down',
  'crash-loop': 'down',
  unreachable: 'down',
};

export class Pool implements Service {
  readonly #members: readonly Member[];
  readonly #logger: Logger;
  readonly #listeners = new Set<() => void>();
  readonly #stopListening: (() => void)[] = [];
  #started: Promise<void> | undefined;

  constructor(members: readonly MemberOptions[], logger: Logger) {
    this.#logger = logger;
    this.#members = members.map((options) => new Member(options));
  }

  get members(): readonly Member[] {
    return this.#members;
  }

  /** Starts every engine at once. Rejects with the first failure when no engine could be started at all. */
  start(): Promise<void> {
    this.#started ??= this.#start();
    return this.#started;
  }

  async stop(): Promise<void> {
    for (const stop of this.#stopListening.splice(0)) stop();
    await Promise.all(this.#members.map((member) => member.engine.stop()));
    this.#started = undefined;
  }

  /** Calls `listener` whenever an engine changed: ready, gone, other slots. A lease that comes back is not told. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Every model name that can be asked for, each once. */
  models(): readonly { name: string; engine: Member }[] {
    const names = new Map<string, Member>();
    for (const member of this.#members) {
      for (const name of member.models) if (!names.has(name)) names.set(name, member);
    }
    return [...names].map(([name, engine]) => ({ name, engine }));
  }

  /**
   * The route for a model name: what a ticket waits for. A single engine that was not told its models takes every name,
   * as llama-server itself does. Throws `model_not_found`, `invalid_request` where no name was given and one is needed, or
   * `engine_unavailable` where an engine that might serve the name has not told its models yet.
   */
  route(model: string | undefined): string {
    const only = this.#members.length === 1 ? this.#members[0] : undefined;
    if (model === undefined || model === '') {
      if (only) return ANY_MODEL;
      throw new GollamaError('invalid_request', `you must name a model: ${this.#knownModels()}`, { param: 'model' });
    }
    if (this.serves(model)) return model;
    if (only && !only.strict) return ANY_MODEL;
    const silent = this.#members.filter((member) => member.models.length === 0 && member.status.state !== 'ready');
    if (silent.length > 0) {
      const message = `nobody knows yet whether the model '${model}' is served: ${problemsOf(silent)}`;
      throw new GollamaError('engine_unavailable', message, { retryAfterS: 1 });
    }
    throw new GollamaError(
      'model_not_found',
      `the model '${model}' does not exist${this.#likely(model)}: ${this.#knownModels()}`,
      {
        param: 'model',
        hint: 'gollama status shows the models that are served',
      },
    );
  }

  /** True where an engine answers for this very name. */
  serves(model: string): boolean {
    for (const member of this.#members) if (member.serves(model)) return true;
    return false;
  }

  isOn(route: string, member: Member): boolean {
    return route === ANY_MODEL || member.serves(route);
  }

  outlook(route: string): Outlook {
    let best: Outlook = 'down';
    for (const member of this.#members) {
      if (!this.isOn(route, member)) continue;
      const outlook = OUTLOOK[member.status.state];
      if (outlook === 'ready') return 'ready';
      if (outlook === 'starting') best = 'starting';
    }
    return best;
  }

  /** Why nothing serves the route, in one line. */
  problem(route: string): string {
    return problemsOf(this.#candidates(route)) || 'no engine serves it';
  }

  /** Slots of the engines that are ready for the route, used or not. */
  slots(route: string): number {
    let slots = 0;
    for (const { status } of this.#candidates(route)) if (status.state === 'ready') slots += status.slots;
    return slots;
  }

  /** A free slot, of another engine than `avoidedEngine` where there is one. */
  tryAcquire(route: string, avoidedEngine?: string): Lease | undefined {
    const members = this.#candidates(route);
    if (avoidedEngine === undefined) return chooseMember(members)?.acquire();
    const others = members.filter((member) => member.engine.name !== avoidedEngine);
    return (chooseMember(others) ?? chooseMember(members))?.acquire();
  }

  /** The name by which `engine` knows the model that was asked for. */
  engineModel(engineName: string, model: string): string {
    return this.#members.find((member) => member.engine.name === engineName)?.engineModel(model) ?? model;
  }

  async #start(): Promise<void> {
    for (const member of this.#members) {
      const stop = member.engine.onChange(() => {
        member.statusChanged();
        this.#changed();
      });
      this.#stopListening.push(stop);
    }
    const outcomes = await Promise.allSettled(this.#members.map((member) => member.engine.start()));
    const failures = outcomes.filter((outcome) => outcome.status === 'rejected');
    const first = failures[0];
    if (first && failures.length === outcomes.length) throw first.reason;
    for (const failure of failures) this.#logger.error({ err: failure.reason }, 'an engine could not be started');
    for (const member of this.#members) member.statusChanged();
    this.#changed();
  }

  #candidates(route: string): readonly Member[] {
    return this.#members.filter((member) => this.isOn(route, member));
  }

  /** The name that was most likely meant: a near miss, or the only one that begins so. */
  #likely(model: string): string {
    const names = this.models().map(({ name }) => name);
    const begun = names.filter((name) => name.startsWith(model));
    const meant = begun.length === 1 ? begun[0] : nearest(model, names);
    return meant === undefined ? '' : ` (did you mean '${meant}'?)`;
  }

  #knownModels(): string {
    const names = this.models().map(({ name }) => name);
    return names.length === 0 ? 'no engine has told its models yet' : `served here: ${names.slice(0, 20).join(', ')}`;
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

function problemsOf(members: readonly Member[]): string {
  const problems = members.map(({ engine, status }) => {
    return `${engine.name} is ${status.state}${status.problem === undefined ? '' : `: ${status.problem}`}`;
  });
  return problems.join('; ');
}
