/** The crash test: lives of a server, one after the other, each ended by a kill; then the verdict. */
import { seededRandom } from '../../src/base/random.js';
import type { ServerStatus } from '../../src/protocol/status.js';
import type { TaskReport } from '../../src/protocol/task.js';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http.js';
import { makePlace, type Place } from '../support/place.js';
import { Clients, MODELS, markOf } from './clients.js';
import { answerTo, CrashEngine, vectorOf } from './crash-engine.js';
import { CrashServer, endServersAtEnd } from './crash-server.js';
import { Dice } from './dice.js';
import { Ledger, RETRY_DELAY_MS } from './ledger.js';
import { Life, type Moment } from './life.js';
import type { CrashOptions } from './options.js';
import { violations } from './verdict.js';

export interface CrashReport {
  readonly violations: readonly string[];
  readonly kills: Readonly<Record<string, number>>;
  /** From the start of a process until it listens, its store recovered. */
  readonly recoveriesMs: readonly number[];
  readonly clients: Readonly<Record<string, number>>;
  readonly tasks: Readonly<Record<string, number>>;
  readonly runs: Readonly<Record<'begun' | 'answered' | 'failed' | 'killed', number>>;
}

type Plan = 'any time' | 'late' | 'moment' | 'start-up' | 'stop';

const PLANS: Readonly<Record<Plan, number>> = { 'any time': 35, late: 15, moment: 35, 'start-up': 12, stop: 3 };
/** The kill, after the server listens, or, in a start, after the process was started. */
const KILL_MS: Readonly<Record<Plan, readonly [number, number]>> = {
  'any time': [20, 400],
  late: [400, 1_500],
  moment: [800, 800],
  'start-up': [20, 1_500],
  stop: [20, 400],
};
const ENDS: Readonly<Record<Plan, string>> = {
  'any time': 'killed soon',
  late: 'killed late',
  moment: 'killed at a chosen moment',
  'start-up': 'killed while it started',
  stop: 'stopped in good order',
};
const MOMENTS: readonly Moment[] = ['submit sent', 'change sent', 'answer given', 'call begun'];
/** A page of the list at the end; odd, so that pages and their ends fall differently each time. */
const PAGE = 997;
const START_PATIENCE_MS = 60_000;
const DRAIN_PATIENCE_MS = 180_000;

/** `tell` gets a line after every round. */
export async function crashRun(options: CrashOptions, tell: (line: string) => void): Promise<CrashReport> {
  const run = new CrashRun(options, new Dice(seededRandom(options.seed)));
  return run.run(tell);
}

class CrashRun {
  readonly #options: CrashOptions;
  readonly #dice: Dice;
  readonly #place: Place;
  readonly #ledger = new Ledger();
  readonly #clients: Clients;
  readonly #kills: Record<string, number> = {};
  readonly #recoveriesMs: number[] = [];
  #lives = 0;

  constructor(options: CrashOptions, dice: Dice) {
    this.#options = options;
    this.#dice = dice;
    this.#place = makePlace();
    this.#clients = new Clients(this.#ledger, dice);
    endServersAtEnd();
  }

  async run(tell: (line: string) => void): Promise<CrashReport> {
    const { rounds } = this.#options;
    const engine = await CrashEngine.start(this.#ledger, this.#dice);
    for (let round = 1; round <= rounds && this.#ledger.violations.length === 0; round += 1) {
      await this.#round(engine, this.#dice.draw(PLANS));
      const { entries } = this.#ledger;
      const killed = entries.reduce((sum, entry) => sum + entry.killed, 0);
      tell(`round ${round} of ${rounds}: ${entries.length} tasks sent, ${killed} killed while they ran`);
    }
    engine.isKind = true;
    tell('the last start: everything is to be done');
    const reports = await this.#drain(engine);
    return this.#report(reports);
  }

  async #round(engine: CrashEngine, plan: Plan): Promise<void> {
    const moment = { moment: this.#dice.oneOf(MOMENTS), times: this.#dice.whole(1, 25) };
    const life = new Life(++this.#lives, plan === 'moment' ? moment : undefined);
    const server = this.#start(engine, life);
    let work: Promise<void> | undefined;
    const dueMs = this.#dice.between(...KILL_MS[plan]);
    if (plan === 'start-up') await Promise.race([server.listening, wait(dueMs)]);
    else {
      const url = await this.#ready(server);
      work = this.#clients.work(url, life, this.#options.clients);
      await Promise.race([wait(dueMs), life.burned]);
      // Between the event and what follows from it.
      if (plan === 'moment') await wait(this.#dice.between(0, 4));
    }
    if (server.isEnded) throw new Error(`the server ended by itself:\n${server.told}`);
    life.isStopped = plan === 'stop';
    life.isOver = true;
    await server.end(plan === 'stop' ? 'SIGTERM' : 'SIGKILL');
    await work;
    this.#kills[ENDS[plan]] = (this.#kills[ENDS[plan]] ?? 0) + 1;
  }

  #start(engine: CrashEngine, life: Life): CrashServer {
    const config = this.#place.write('gollama.yaml', configText(engine.urlFor(life)));
    return new CrashServer(this.#options.runJs, this.#place, config);
  }

  async #ready(server: CrashServer): Promise<string> {
    const startedAtMs = performance.now();
    const late = wait(START_PATIENCE_MS).then(() => Promise.reject(new Error(`it does not start:\n${server.told}`)));
    const url = await Promise.race([server.listening, late]);
    this.#recoveriesMs.push(performance.now() - startedAtMs);
    return url;
  }

  /** Every task at the end of everything; what contradicts the promises is in the ledger then. */
  async #drain(engine: CrashEngine): Promise<readonly TaskReport[]> {
    const life = new Life(++this.#lives);
    const server = this.#start(engine, life);
    const url = await this.#ready(server);
    const look = async () => (await send(`${url}/api/status`)).json<ServerStatus & Record<string, number>>();
    await eventually(
      'every task has ended',
      async () => {
        const { pending_tasks: pending, running_tasks: running } = await look();
        return pending + running === 0;
      },
      { everyMs: 100, patienceMs: DRAIN_PATIENCE_MS },
    ).catch((error: unknown) => this.#ledger.violated(String(error)));
    const reports = await listAll(url);
    const { entries, batches } = this.#ledger;
    const found = violations({ entries, batches, reports, status: await look(), markOf, isAnswer });
    for (const violation of found) this.#ledger.violated(violation);
    await server.end('SIGTERM');
    return reports;
  }

  #report(reports: readonly TaskReport[]): CrashReport {
    const { entries, violations: found } = this.#ledger;
    const sum = (pick: (entry: (typeof entries)[number]) => number) =>
      entries.reduce((all, entry) => all + pick(entry), 0);
    const tasks: Record<string, number> = {};
    for (const { status, error } of reports) {
      const word = error?.startsWith('the server died') ? `${status}, poisoned` : status;
      tasks[word] = (tasks[word] ?? 0) + 1;
    }
    return {
      violations: found,
      kills: this.#kills,
      recoveriesMs: this.#recoveriesMs,
      clients: this.#clients.counts,
      tasks,
      runs: {
        begun: sum(({ begun }) => begun),
        answered: sum(({ answered }) => answered),
        failed: sum(({ failed }) => failed),
        killed: sum(({ killed }) => killed),
      },
    };
  }
}

function configText(engineUrl: string): string {
  const [first, second, third] = MODELS;
  return [
    'server: {drain_timeout: 1s}',
    `queue: {max_workers: 6, max_completed_tasks: 10000000}`,
    `retry_config: {initial_delay: ${RETRY_DELAY_MS}ms, max_delay: 400ms}`,
    'engines:',
    `  - {kind: openai, name: one, base_url: "${engineUrl}", models: [${first}, ${second}], slots: 3}`,
    `  - {kind: openai, name: two, base_url: "${engineUrl}", models: [${second}, ${third}], slots: 3}`,
    '',
  ].join('\n');
}

async function listAll(url: string): Promise<TaskReport[]> {
  const reports: TaskReport[] = [];
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const page = await send(`${url}/api/tasks?limit=${PAGE}&cursor=${cursor}`);
    reports.push(...page.json<TaskReport[]>());
    const next = page.headers['x-next-cursor'];
    cursor = typeof next === 'string' ? next : undefined;
  }
  return reports;
}

function isAnswer({ type, result }: TaskReport, mark: string): boolean {
  const { message, response, embeddings } = result as {
    readonly message?: { readonly content?: string };
    readonly response?: string;
    readonly embeddings?: readonly unknown[];
  };
  if (type === 'embed') return JSON.stringify(embeddings) === JSON.stringify([vectorOf(mark)]);
  return (type === 'chat' ? message?.content : response) === answerTo(mark);
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
