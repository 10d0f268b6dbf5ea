/** A runner over a memory store and engines that do what the test says. */
import { seededRandom } from '../../src/base/random.js';
import type { Service } from '../../src/base/service.js';
import { Pool } from '../../src/pool/pool.js';
import { TASK_TYPES, type TaskSubmission } from '../../src/protocol/task.js';
import { Arrivals } from '../../src/queue/arrivals.js';
import { Dispatcher } from '../../src/queue/dispatcher.js';
import { MemoryLogBook } from '../../src/stream/memory-log.js';
import type { LogRecord } from '../../src/stream/record.js';
import { MemoryTaskStore } from '../../src/tasks/memory-store.js';
import { TaskRunner } from '../../src/tasks/runner.js';
import { TaskQueue, type Visitor } from '../../src/tasks/task-queue.js';
import type { TaskChange } from '../../src/tasks/task-store.js';
import { ManualClock, settled } from './manual-clock.js';
import { type ManualCall, ManualEngine } from './manual-engine.js';
import { recordingLogger } from './recording-logger.js';

export const ADMIN: Visitor = { name: 'anybody', admin: true, maxPriority: undefined };

export interface TaskRigOptions {
  readonly engines?: readonly ManualEngine[];
  readonly workersMax?: number;
  readonly pendingMax?: number;
  /** Models that the user named for every engine; none: those that the engine tells. */
  readonly models?: readonly string[];
}

const LIMITS = {
  inFlightMax: Number.POSITIVE_INFINITY,
  waitingMax: 100,
  waitingBytesMax: 1_000_000,
  waitMaxMs: 60_000,
  startWaitMaxMs: 60_000,
};

export class TaskRig {
  readonly clock = new ManualClock();
  readonly arrivals = new Arrivals();
  readonly store = new MemoryTaskStore({ clock: this.clock, arrivals: this.arrivals });
  readonly logs = new MemoryLogBook({ clock: this.clock, retentionMs: 3_600_000 });
  readonly logger = recordingLogger().logger;
  readonly engines: readonly ManualEngine[];
  readonly pool: Pool;
  readonly dispatcher: Dispatcher;
  readonly runner: TaskRunner;
  readonly tasks: TaskQueue;
  readonly changes: TaskChange[] = [];

  constructor(options: TaskRigOptions = {}) {
    this.engines = options.engines ?? [new ManualEngine('one')];
    const members = this.engines.map((engine) => ({ engine, models: options.models ?? [], aliases: [], weight: 1 }));
    this.pool = new Pool(members, this.logger);
    const { clock, arrivals, pool, store, logs, logger } = this;
    this.dispatcher = new Dispatcher({ clock, pool, limits: LIMITS, arrivals });
    const workersMax = options.workersMax ?? 4;
    const retry = { initialMs: 1_000, maxMs: 30_000, factor: 2, jitter: 0 };
    const parts = { store, logs, clock, workersMax };
    this.runner = new TaskRunner({
      ...parts,
      dispatcher: this.dispatcher,
      pool,
      random: seededRandom(1),
      logger,
      retry,
    });
    this.tasks = new TaskQueue({
      ...parts,
      runner: this.runner,
      pendingMax: options.pendingMax ?? 1_000,
      retriesMax: 3,
    });
    store.onChange((change) => this.changes.push(change));
  }

  async start(): Promise<this> {
    await this.pool.start();
    await this.tasks.start();
    return this;
  }

  async stop(): Promise<void> {
    const services: Service[] = [this.tasks, this.pool];
    for (const service of services) await service.stop();
  }

  /** Stores a chat and lets what follows from it happen; gives its id. */
  async submit(submission: Partial<TaskSubmission> = {}): Promise<string> {
    const [task] = await this.tasks.submit([{ ...chat('hi'), ...submission }], ADMIN);
    await settled();
    return task?.id ?? '';
  }

  /** Calls that engines have got and that the test has not ended, in the order in which they came. */
  get calls(): ManualCall[] {
    return this.engines.flatMap(({ calls }) => calls);
  }

  async status(id: string): Promise<string> {
    return (await this.tasks.get(id, ADMIN)).status;
  }

  /** The log of a task, as a reader at its beginning gets it. */
  async log(id: string): Promise<LogRecord[]> {
    const entries = (await this.logs.read(id, 0, 1_000)) ?? [];
    return entries.map(({ record }) => record);
  }

  /** The last message of each call: tests name their tasks by it. */
  get asked(): string[] {
    return this.calls.map(({ call }) => promptOf(call.body));
  }
}

/** A chat for the model `m`. */
export function chat(content: string): TaskSubmission {
  return { type: TASK_TYPES[0], model: 'm', payload: { messages: [{ role: 'user', content }] }, options: null };
}

export function promptOf(body: Buffer): string {
  const { messages } = JSON.parse(body.toString()) as { messages: { content: string }[] };
  return messages.at(-1)?.content ?? '';
}

/** Ends a call with a streamed answer, a piece for each word. */
export async function answer(call: ManualCall, text = 'hello'): Promise<void> {
  begin(call, text);
  say(call, '{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}');
  call.sink.chunk(Buffer.from('data: [DONE]\n\n'));
  call.end();
  await settled();
}

/** The head and some text, and no end. */
export function begin(call: ManualCall, text: string): void {
  call.sink.head({ status: 200, headers: { 'content-type': 'text/event-stream' } }, { resume: () => {} });
  for (const content of text.split(/(?<= )/)) {
    say(call, JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: null }] }));
  }
}

function say(call: ManualCall, json: string): void {
  call.sink.chunk(Buffer.from(`data: ${json}\n\n`));
}

/** Ends a call with an HTTP error. */
export async function refuse(call: ManualCall, status: number, headers: Record<string, string> = {}): Promise<void> {
  call.sink.head({ status, headers: { 'content-type': 'application/json', ...headers } }, { resume: () => {} });
  call.sink.chunk(Buffer.from('{"error":{"message":"boom"}}'));
  call.end();
  await settled();
}
