/** Two servers over one store, and everything that may happen to them, in an order that a seed decides. */
import { GollamaError } from '../../../src/base/errors.js';
import { type Random, seededRandom } from '../../../src/base/random.js';
import { Arrivals } from '../../../src/queue/arrivals.js';
import type { Task } from '../../../src/tasks/task.js';
import { encodeBody } from '../../../src/tasks/task-body.js';
import type { Moved, NewTask, TaskChange } from '../../../src/tasks/task-store.js';
import { ManualClock, settled } from '../manual-clock.js';
import { begin, chat, refuse } from '../task-rig.js';
import { demand, same } from './demand.js';
import { checkEnd, checkLogs, checkNow } from './invariants.js';
import { MoodyStore } from './moody-store.js';
import { OrderWatch } from './order-watch.js';
import { Rests } from './rests.js';
import { type EngineModels, RETRY, type Request, SimulatedServer, type TaskCall } from './simulated-server.js';
import { type Expected, TaskWatch } from './task-watch.js';

const EVENTS = 150;
/** The models that every server has an engine for. */
const SERVED = ['a', 'b', 'c'];
const HOUR_MS = 3_600_000;
const CUT = new GollamaError('engine_error', 'the connection was cut');
const GONE = new GollamaError('engine_unavailable', 'connection refused');
const LAST = Buffer.from('data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n');
const LET_GO = new GollamaError('cancelled', 'aborted');

class CountingArrivals extends Arrivals {
  last = 0;

  override next(): number {
    this.last = super.next();
    return this.last;
  }
}

export class TaskSimulation {
  readonly trail: string[] = [];
  readonly clock = new ManualClock();
  readonly arrivals = new CountingArrivals();
  readonly store = new MoodyStore({ clock: this.clock, arrivals: this.arrivals });
  readonly watch = new TaskWatch(this.clock);
  readonly rests = new Rests(this.clock);
  servers: SimulatedServer[] = [];
  readonly #order = new OrderWatch(this.watch, this.rests);
  /** Those that stopped while the others went on. */
  readonly stoppedEarly = new Set<SimulatedServer>();
  readonly #random: Random;
  readonly #hasSilent: boolean;
  readonly #slowness: number;
  #stopping: Promise<void>[] = [];
  #named = 0;
  #servers = 0;
  /** What went wrong where nobody could be told. */
  #fault: unknown;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    this.#hasSilent = this.#random() < 0.3;
    this.#slowness = this.#one([0, 0, 0.05, 0.2]);
    this.store.isSlow = () => this.#random() < this.#slowness;
    this.store.onChange((change) => this.#guard(() => this.#changed(change)));
    this.store.onRefusedClaim = (model, engine) => {
      const server = this.serverOf(engine);
      if (!server) return;
      this.rests.trouble(server.name, model);
      this.#order.onRefusedClaim(server);
    };
  }

  async run(): Promise<void> {
    await this.store.start();
    for (let count = 0; count < 2; count += 1) await this.#open();
    for (let event = 0; event < EVENTS; event += 1) {
      this.rests.event += 1;
      await this.#step();
      await this.#look();
    }
    await this.#end();
  }

  get models(): string[] {
    return [...SERVED, 'nowhere', ...(this.#hasSilent ? ['late'] : [])];
  }

  get calls(): TaskCall[] {
    return this.servers.flatMap(({ calls }) => calls);
  }

  serverOf(engine: string | undefined): SimulatedServer | undefined {
    return this.servers.find((server) => server.owns(engine));
  }

  async #look(): Promise<void> {
    await settled();
    this.#guard(() => this.#order.onEventOver());
    if (this.#fault !== undefined) throw this.#fault;
    checkNow(this);
    if (this.#hasSilent) if (this.#hasSilent) for (const server of this.servers) server.learn();
  }

  #guard(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#fault ??= error;
    }
  }

  // ---- what is seen while it happens

  #changed(change: TaskChange): void {
    const { move, task } = change;
    this.trail.push(`  ${move} ${task.id} ${task.state} priority ${task.priority} order ${task.order}`);
    if (move === 'started') this.#order.onStart(task, this.serverOf(task.engine));
    const before = this.watch.tasks.get(task.number)?.task;
    this.watch.onChange(change);
    for (const server of this.servers) server.expectLog(change, before);
  }

  onRequestGranted(request: Request, server: SimulatedServer, engine: string): void {
    this.trail.push(`  request ${request.sequence} is granted ${engine}`);
    this.#order.onRequestGranted(request, server, engine);
  }

  onCall(call: TaskCall): void {
    this.trail.push(`  ${call.engine.name} is called for ${call.id}`);
    this.#guard(() => {
      const { task } = this.watch.byId(call.id);
      same(task.state, 'running', `${call.id}, for which an engine is called,`);
      same(task.engine, call.engine.name, `the engine of ${call.id}`);
      demand(call.engine.models.includes(task.model), `${call.engine.name} serves the model of ${call.id}`);
      same(this.serverOf(call.engine.name)?.phase, 'open', `a server on which an engine is called for ${call.id}`);
      call.turn = this.store.handed.get(MoodyStore.key(call.engine.name, task.number))?.turn ?? 0;
    });
  }

  // ---- events

  async #step(): Promise<void> {
    const luck = this.#random();
    if (luck < 0.24) await this.#submit();
    else if (luck < 0.29) await this.#cancel();
    else if (luck < 0.33) await this.#changePriority();
    else if (luck < 0.37) await this.#retry();
    else if (luck < 0.42) this.#ask();
    else if (luck < 0.48) this.#endRequest();
    else if (luck < 0.72) await this.#endCall();
    else if (luck < 0.79) this.#changeEngine();
    else if (luck < 0.89) await this.#pass();
    else if (luck < 0.91) this.#jump();
    else if (luck < 0.93) this.#changeRoom();
    else if (luck < 0.95) await this.#changeServer();
    else this.#answerFromStore();
  }

  async #submit(): Promise<void> {
    const tasks = Array.from({ length: this.#random() < 0.2 ? this.#upTo(2, 6) : 1 }, () => this.#newTask());
    const names = tasks.map(
      ({ givenId, model, priority, dueAtMs }) => `${givenId} (${model}, ${priority}, ${dueAtMs})`,
    );
    this.trail.push(`submit ${names.join(', ')}`);
    const submitted = await this.store.submit(tasks);
    same(submitted.length, tasks.length, 'acknowledged tasks');
  }

  #newTask(): NewTask {
    this.#named += 1;
    const givenId = `t${this.#named}`;
    const model = this.#one([...this.models, ...SERVED]);
    return {
      owner: 'somebody',
      type: 'chat',
      model,
      priority: this.#priority(),
      retriesMax: this.#upTo(0, 3),
      dueAtMs: this.#random() < 0.2 ? this.clock.epoch() + this.#one([-1, 1, 700, 90_000, 2 * HOUR_MS]) : undefined,
      body: encodeBody({ ...chat(givenId), model }),
      givenId,
      idempotencyKey: undefined,
      notify: false,
    };
  }

  async #cancel(): Promise<void> {
    await this.#moveOne('cancel', (id) => this.store.cancel(id), ['ready', 'delayed', 'running']);
  }

  async #changePriority(): Promise<void> {
    const priority = this.#priority();
    await this.#moveOne(`priority ${priority}`, (id) => this.store.setPriority(id, priority), [
      'ready',
      'delayed',
      'running',
    ]);
  }

  async #retry(): Promise<void> {
    const retry = (id: string) => {
      this.watch.byId(id).byHand = true;
      return this.store.retry(id);
    };
    await this.#moveOne('retry', retry, ['failed', 'cancelled']);
    for (const watched of this.watch.tasks.values()) watched.byHand = false;
  }

  /** The move happens where the state allows it, and nothing does where it does not. */
  async #moveOne(
    name: string,
    move: (id: string) => Promise<Moved | undefined>,
    from: readonly Task['state'][],
  ): Promise<void> {
    const likely = this.watch.in(...from);
    const watched = this.#maybe(this.#random() < 0.9 ? likely : [...this.watch.tasks.values()]);
    if (!watched) return;
    const { id, state } = watched.task;
    this.trail.push(`${name} ${id}, which is ${state}`);
    const moved = await move(id);
    same(moved?.moved, from.includes(state), `${name} of ${id}, which was ${state},`);
    // As a server does that was asked for it: not always the one on which it runs.
  }

  #ask(): void {
    const server = this.#maybe(this.servers.filter(({ phase }) => phase === 'open'));
    const model = this.#one(SERVED);
    const priority = this.#priority();
    server?.ask(model, priority);
    this.trail.push(`request ${this.arrivals.last} for ${model}, ${priority}, at ${server?.name}`);
  }

  #endRequest(): void {
    const request = this.#maybe(this.servers.flatMap(({ requests }) => requests));
    if (!request) return;
    this.trail.push(`request ${request.sequence} ends`);
    if (request.state === 'waiting') request.leave.abort();
    else request.end();
  }

  async #endCall(): Promise<void> {
    const call = this.#maybe(this.calls);
    if (!call) return;
    const luck = this.#random();
    if (luck < 0.1 && !call.hasBegun) this.#begin(call);
    else if (luck < 0.5) await this.endCall(call, 'answer');
    else if (luck < 0.54) await this.endCall(call, 400);
    else if (luck < 0.57) await this.endCall(call, 404);
    else if (luck < 0.63) await this.endCall(call, 429);
    else if (luck < 0.75) await this.endCall(call, 500);
    else if (luck < 0.88) await this.endCall(call, 'cut');
    else await this.endCall(call, 'gone');
  }

  #begin(call: TaskCall): void {
    this.trail.push(`${call.engine.name} begins to answer ${call.id}`);
    say(call);
  }

  /** An engine ends a call, and with it the expectation of what becomes of the task. */
  async endCall(call: TaskCall, how: 'answer' | 'cut' | 'gone' | number): Promise<void> {
    const { engine, id } = call;
    engine.open.splice(engine.open.indexOf(call), 1);
    const watched = this.watch.byId(id);
    if (call.signal.aborted) {
      this.trail.push(`${engine.name} lets go of ${id}`);
      call.fail(LET_GO);
      return;
    }
    const action = call.hasBegun && typeof how === 'number' ? 'answer' : call.hasBegun && how === 'gone' ? 'cut' : how;
    this.trail.push(`${engine.name}: ${action} for ${id}${call.hasBegun ? ', which had begun' : ''}`);
    const server = this.serverOf(engine.name);
    const isTrouble = action === 'cut' || action === 'gone';
    if (isTrouble) this.rests.trouble(server?.name ?? '', watched.task.model);
    else this.rests.well(server?.name ?? '', watched.task.model);
    const afterMs = action === 429 ? this.#one([0, 5, 20]) * 1_000 : 0;
    watched.expected = this.#outcome(watched.task, action, call.hasBegun, afterMs);
    if (action === 'answer') finish(call);
    else if (action === 'cut') call.fail(CUT);
    else if (action === 'gone') call.fail(GONE);
    else await refuse(call, action, afterMs > 0 ? { 'retry-after': String(afterMs / 1_000) } : {});
  }

  #outcome(task: Task, how: 'answer' | 'cut' | 'gone' | number, hasBegun: boolean, afterMs: number): Expected {
    if (how === 'answer') return { state: 'completed' };
    if (how === 400 || how === 404) return { state: 'failed' };
    if (typeof how === 'string' && !hasBegun && task.crashes < 2) return { state: 'ready', crashed: true };
    if (task.retryCount >= task.retriesMax) return { state: 'failed' };
    const delayMs = Math.min(RETRY.initialMs * RETRY.factor ** task.retryCount, RETRY.maxMs);
    return { state: 'delayed', dueAtMs: Math.ceil(this.clock.epoch() + Math.max(delayMs, afterMs)) };
  }

  #changeEngine(): void {
    const engine = this.#one(this.servers.flatMap(({ engines }) => engines));
    const state = this.#one(['ready', 'ready', 'ready', 'starting', 'backoff', 'unreachable', 'crash-loop'] as const);
    const slots = this.#upTo(1, 3);
    this.trail.push(`${engine.name} is ${state} with ${slots} slots`);
    engine.change({ state, slots });
    if (state === 'ready' || this.#random() < 0.4) return;
    for (const call of [...engine.open]) void this.endCall(call, 'cut');
  }

  async #pass(): Promise<void> {
    const byMs = this.#one([1, 100, 1_000, 1_000, 5_000, 20_000, 61_000]) + this.#upTo(0, 99);
    this.trail.push(`${byMs} ms pass`);
    await this.clock.advanceAsync(byMs);
  }

  #jump(): void {
    const byMs = this.#one([-24, -1, 1, 24]) * HOUR_MS;
    this.trail.push(`the wall clock jumps by ${byMs} ms`);
    this.clock.jump(byMs);
  }

  #changeRoom(): void {
    // Beside a stop, what is not stored stays claimed until the store is opened again; this store never is.
    this.store.isFull = !this.store.isFull && this.servers.every(({ phase }) => phase === 'open');
    this.trail.push(`the store is ${this.store.isFull ? 'full' : 'not full'}`);
  }

  #answerFromStore(): void {
    if (this.store.heldBack === 0) return;
    this.trail.push('the store answers');
    this.store.answerOne(this.#upTo(0, this.store.heldBack - 1));
  }

  async #changeServer(): Promise<void> {
    if (this.servers.some(({ phase }) => phase === 'gone')) {
      for (const server of this.servers) if (server.phase === 'gone') await checkLogs(server, true);
      this.servers = this.servers.filter(({ phase }) => phase !== 'gone');
      await this.#open();
      return;
    }
    const server = this.#one(this.servers);
    if (server.phase !== 'open') return;
    this.trail.push(`${server.name} stops`);
    this.store.isFull = false;
    this.stoppedEarly.add(server);
    this.#stop(server);
  }

  #stop(server: SimulatedServer): void {
    for (const { task } of this.watch.tasks.values()) {
      if (server.owns(task.engine) && task.state === 'running') this.watch.byId(task.id).mayReturn = true;
    }
    this.#stopping.push(server.stop());
  }

  async #open(): Promise<void> {
    this.#servers += 1;
    const engines: EngineModels[] = Array.from({ length: this.#upTo(1, 3) }, () => {
      return { models: SERVED.filter(() => this.#random() < 0.6), silent: false, slots: this.#upTo(1, 3) };
    });
    const missing = SERVED.filter((model) => !engines.some(({ models }) => models.includes(model)));
    engines[0] = { models: [...(engines[0]?.models ?? []), ...missing], silent: false, slots: this.#upTo(1, 3) };
    const usable = engines.filter(({ models }) => models.length > 0);
    if (this.#hasSilent) usable.push({ models: ['late', 'a'], silent: true, slots: 1 });
    const server = new SimulatedServer({
      name: `s${this.#servers}`,
      engines: usable,
      workersMax: this.#upTo(1, 5),
      clock: this.clock,
      arrivals: this.arrivals,
      store: this.store,
      observer: this,
    });
    const described = server.engines.map(({ name, models }) => `${name} with ${models}`);
    this.trail.push(`${server.name} opens: ${described.join('; ')}; ${server.workersMax} workers`);
    this.servers.push(server);
    await server.start();
  }

  // ---- the end

  /** Everything is ready and has room: what was acknowledged must come to its end. */
  async #end(): Promise<void> {
    this.trail.push('everything becomes ready');
    this.store.isFull = false;
    this.#recover();
    await this.#look();
    for (let round = 0; this.#isBusy() && round < 400; round += 1) {
      this.rests.event += 1;
      await this.#round(round);
      await this.#look();
    }
    for (const server of this.servers) if (server.phase === 'open') this.#stop(server);
    await Promise.all(this.#stopping);
    await this.#look();
    await checkEnd(this);
  }

  #isBusy(): boolean {
    const { servers, store, watch } = this;
    const isHeld = servers.some(
      ({ calls, requests, phase }) => calls.length + requests.length > 0 || phase === 'stopping',
    );
    return isHeld || store.heldBack > 0 || watch.open.length > 0;
  }

  #recover(): void {
    this.store.isSlow = () => false;
    for (const server of this.servers) {
      for (const engine of server.engines) engine.change({ state: 'starting' });
      for (const engine of server.engines) engine.change({ state: 'ready', slots: 2 });
    }
  }

  async #round(round: number): Promise<void> {
    if (this.servers.every(({ phase }) => phase === 'gone')) {
      await this.#open();
      this.#recover();
      await this.#look();
    }
    while (this.store.heldBack > 0) this.store.answerOne(0);
    for (const request of this.servers.flatMap(({ requests }) => requests)) {
      request.leave.abort();
      request.end();
    }
    for (const call of this.calls) await this.endCall(call, 'answer');
    await settled();
    if (round % 3 === 2) this.clock.jump(HOUR_MS * 30);
    await this.clock.advanceAsync(round % 3 === 2 ? 61_000 : 5_500);
  }

  // ---- luck

  #priority(): number {
    return this.#one([1, 5, 5, 5, 10, 15, -2]);
  }

  #upTo(least: number, most: number): number {
    return least + Math.floor(this.#random() * (most - least + 1));
  }

  #maybe<T>(choices: readonly T[]): T | undefined {
    return choices[Math.floor(this.#random() * choices.length)];
  }

  #one<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.#random() * choices.length)]!;
  }
}

/** Every piece of an answer is the serial number of its call. */
function say(call: TaskCall): void {
  call.hasBegun = true;
  begin(call, `${call.serial} `);
}

function finish(call: TaskCall): void {
  if (!call.hasBegun) say(call);
  call.sink.chunk(LAST);
  call.end();
}
