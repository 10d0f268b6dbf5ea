import { expect, it } from 'vitest';
import { type Random, seededRandom, systemRandom } from '../../../src/base/random.js';
import type { Claim, Moved, NewTask, Settlement } from '../../../src/tasks/task-store.js';
import { COMPLETED, CRASHED, ENGINE, FAILED, type Harness, headOf, newTask, RETURNED, retryAt } from './harness.js';
import { expectCountsRight } from './recount.js';
import { failureOf } from './submitting.js';
import { fromModel, fromStore, type ModelTask, TaskModel } from './task-model.js';

const MODELS = ['a', 'b', 'c'];
const STEPS = 300;
/** The store looks at the wall clock at least so often. */
const LOOK_MS = 60_000;

export function describeRandomOperations(opened: () => Harness): void {
  for (const seed of [1, Math.floor(systemRandom() * 2 ** 32)]) {
    it(`random operations come to what the contract says (seed ${seed})`, { timeout: 180_000 }, async () => {
      await new RandomOperations(opened(), seed).run();
    });
  }
}

class RandomOperations {
  readonly #h: Harness;
  readonly #seed: number;
  readonly #random: Random;
  readonly #model = new TaskModel();
  /** Live and stale ones. */
  readonly #claims: Claim[] = [];
  readonly #log: string[] = [];

  constructor(harness: Harness, seed: number) {
    this.#h = harness;
    this.#seed = seed;
    this.#random = seededRandom(seed);
  }

  async run(): Promise<void> {
    try {
      for (let step = 0; step < STEPS; step += 1) {
        await this.#step();
        await this.#compare();
      }
    } catch (thrown) {
      const history = this.#log.slice(-12).join('\n  ');
      throw new Error(`seed ${this.#seed}, step ${this.#log.length}, after\n  ${history}\n${String(thrown)}`, {
        cause: thrown,
      });
    }
  }

  #step(): Promise<void> {
    const weighted: readonly (readonly [number, string, () => Promise<void>])[] = [
      [20, 'submit', () => this.#submit()],
      [6, 'submit and claim at once', () => this.#submitAndClaim()],
      [18, 'claim', () => this.#claim()],
      [20, 'settle', () => this.#settle()],
      [8, 'cancel', () => this.#moveAny('cancel')],
      [8, 'priority', () => this.#moveAny('priority')],
      [7, 'retry', () => this.#moveAny('retry')],
      [8, 'time passes', () => this.#advance(this.#below(40_000))],
      [2, 'clock jumps', () => this.#jump()],
      [4, 'deliver', () => this.#deliver()],
      [2, 'prune', () => this.#prune()],
      [this.#h.canReopen ? 3 : 0, 'reopen', () => this.#reopen()],
    ];
    let dice = this.#random() * weighted.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, name, operation] of weighted) {
      dice -= weight;
      if (dice >= 0 || weight === 0) continue;
      this.#log.push(name);
      return operation();
    }
    return this.#claim();
  }

  async #submit(): Promise<void> {
    const batch = Array.from({ length: 1 + this.#below(3) }, () => this.#newTask());
    const plan = this.#model.plan(batch);
    this.#note(JSON.stringify(batch.map(({ model, priority, givenId }) => [model, priority, givenId])));
    if (plan === 'conflict') {
      expect((await failureOf(this.#h.store.submit(batch))).code).toBe('conflict');
      return;
    }
    const submitted = await this.#h.store.submit(batch);
    for (const [place, expected] of plan.entries()) {
      const { task, isNew } = submitted[place]!;
      expect(isNew).toBe(expected === 'new');
      if (expected === 'new') this.#model.submitted(task.number, task.id, batch[place]!, this.#h.nowMs);
      else if ('sameAs' in expected) expect(task.number).toBe(submitted[expected.sameAs]!.task.number);
      else expect(task.number).toBe(expected.number);
    }
  }

  async #submitAndClaim(): Promise<void> {
    const asked = newTask({ model: this.#any(MODELS)!, priority: this.#priority() });
    const [[submitted], claim] = await Promise.all([
      this.#h.store.submit([asked]),
      this.#h.store.claim(asked.model, ENGINE),
    ]);
    const { task } = submitted!;
    this.#model.submitted(task.number, task.id, asked, this.#h.nowMs);
    this.#expectClaim(claim, this.#model.claim(asked.model));
  }

  async #claim(): Promise<void> {
    const model = this.#any(MODELS)!;
    this.#note(model);
    this.#expectClaim(await this.#h.store.claim(model, ENGINE), this.#model.claim(model));
  }

  #expectClaim(claim: Claim | undefined, expected: ModelTask | undefined): void {
    expect(claim?.task.number).toBe(expected?.number);
    expect(claim?.turn).toBe(expected?.turn);
    expect(claim?.body).toBe(expected?.asked.body);
    if (claim) this.#claims.push(claim);
  }

  async #settle(): Promise<void> {
    // Mostly the latest ones: the others are stale.
    const recent = this.#random() < 0.8 ? this.#claims.slice(-4) : this.#claims;
    const claim = this.#any(recent);
    if (!claim) return;
    const dueAtMs = this.#h.nowMs + 1 + this.#below(50_000);
    const settlement = this.#any<Settlement>([COMPLETED, COMPLETED, FAILED, RETURNED, CRASHED, retryAt(dueAtMs)])!;
    this.#note(`${claim.task.number} ${settlement.kind}`);
    const nowMs = this.#h.nowMs;
    expect(await this.#h.store.settle(claim, settlement)).toBe(this.#model.settle(claim, settlement, nowMs));
  }

  async #moveAny(kind: 'cancel' | 'priority' | 'retry'): Promise<void> {
    const task = this.#any(this.#model.tasks);
    if (!task) return;
    const { store, nowMs } = this.#h;
    const priority = this.#priority();
    this.#note(`${task.number}, ${task.state}`);
    const moves: Record<typeof kind, () => readonly [Promise<Moved | undefined>, boolean]> = {
      cancel: () => [store.cancel(task.id), this.#model.cancel(task, nowMs)],
      priority: () => [store.setPriority(task.id, priority), this.#model.setPriority(task, priority)],
      retry: () => [store.retry(task.id), this.#model.retry(task)],
    };
    const [moving, expected] = moves[kind]();
    const outcome = await moving;
    expect(outcome?.moved).toBe(expected);
    expect(outcome?.task).toMatchObject({ number: task.number, state: task.state, priority: task.priority });
  }

  async #advance(byMs: number): Promise<void> {
    this.#note(`${byMs} ms`);
    await this.#h.clock.advanceAsync(byMs);
    this.#model.timePassed(this.#h.nowMs);
    const delayed = this.#model.count('delayed');
    await this.#h.until('due tasks are ready', () => this.#h.store.counts().states.delayed === delayed);
  }

  async #jump(): Promise<void> {
    this.#h.clock.jump(this.#below(600_000) - 300_000);
    await this.#advance(LOOK_MS);
  }

  async #deliver(): Promise<void> {
    const next = await this.#h.store.nextDelivery(new Set());
    const waiting = this.#model.deliveries();
    expect(next?.dueAtMs).toBe(waiting[0]?.delivery?.dueAtMs);
    if (!next) return;
    const { number } = next.delivery.task;
    const task = waiting.find((each) => each.number === number && each.delivery?.dueAtMs === next.dueAtMs);
    expect(task?.delivery?.failures).toBe(next.delivery.failures);
    expect(fromStore(next.delivery.task)).toEqual(fromModel(task!));
    const retryAtMs = this.#random() < 0.5 ? undefined : this.#h.nowMs + this.#below(100_000);
    await this.#h.store.settleDelivery(number, retryAtMs);
    task!.delivery = retryAtMs === undefined ? undefined : { failures: next.delivery.failures + 1, dueAtMs: retryAtMs };
  }

  async #prune(): Promise<void> {
    const state = this.#any(['completed', 'failed', 'cancelled'] as const)!;
    const rule = { state, endedBeforeMs: this.#h.nowMs - this.#below(400_000), keepMax: this.#below(20) };
    let sum = 0;
    for (let step = await this.#h.store.prune(rule); step > 0; step = await this.#h.store.prune(rule)) sum += step;
    expect(sum).toBe(this.#model.prune(rule));
  }

  async #reopen(): Promise<void> {
    await this.#h.reopen();
    expect(this.#h.store.recovery).toEqual(this.#model.reopened(this.#h.nowMs));
  }

  async #compare(): Promise<void> {
    expect(await this.#h.told()).toEqual(this.#model.told);
    const stored = await this.#h.all();
    expect(stored.map(fromStore)).toEqual(this.#model.tasks.map(fromModel));
    for (const model of MODELS) {
      const ready = stored
        .filter((task) => task.state === 'ready' && task.model === model)
        .toSorted((one, other) => other.priority - one.priority || one.order - other.order);
      expect(ready.map(({ number }) => number)).toEqual(this.#model.ready(model).map(({ number }) => number));
      await this.#h.expectHead(model, ready[0] && headOf(ready[0]));
    }
    const withReady = MODELS.filter((model) => this.#model.ready(model).length > 0);
    expect([...this.#h.store.models()].toSorted()).toEqual(withReady);
    await expectCountsRight(this.#h);
  }

  #newTask(): NewTask {
    const chance = (share: number) => this.#random() < share;
    return newTask({
      owner: this.#any(['anna', 'bert'])!,
      type: this.#any(['chat', 'generate', 'embed'] as const)!,
      model: this.#any(MODELS)!,
      priority: this.#priority(),
      retriesMax: this.#below(4),
      dueAtMs: chance(0.2) ? this.#h.nowMs + this.#below(60_000) - 5_000 : undefined,
      body: `{"n":${this.#below(1000)}}`,
      givenId: chance(0.1) ? `given ${this.#below(20)}` : undefined,
      idempotencyKey: chance(0.15) ? `key ${this.#below(20)}` : undefined,
      notify: chance(0.3),
    });
  }

  #priority(): number {
    return this.#below(5) - 2;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  /** Undefined where there is none. */
  #any<T>(list: readonly T[]): T | undefined {
    return list[this.#below(list.length)];
  }

  #note(text: string): void {
    this.#log[this.#log.length - 1] += `: ${text}`;
  }
}
