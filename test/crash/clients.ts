/** The clients of the server: so many at once, each doing one thing after the other, as drawn. */
import { type Dispatcher, Pool } from 'undici';
import type { ServerStatus } from '../../src/protocol/status.js';
import { TASK_TYPES, type TaskReport } from '../../src/protocol/task.js';
import type { Dice } from './dice.js';
import { type Entry, type Ledger, name } from './ledger.js';
import type { Life } from './life.js';

export const MODELS = ['m1', 'm2', 'm3'];
const RETRIES_MAX = 2;

const PRIORITIES = [1, 5, 10, 15, -3, 40];
const ACTIONS = { submit: 40, batch: 6, look: 14, list: 2, cancel: 12, priority: 14, retry: 8, again: 8 };
/** Tasks that wait; above it clients do other things than submit. */
const BACKLOG_MAX = 150;
/** Of these last ones a client takes the task it changes. */
const RECENT = 250;
const BATCH_MAX = 20;
const ANSWER_PATIENCE_MS = 20_000;
const PAUSE_MS_MAX = 6;

interface Answer {
  readonly status: number;
  readonly text: string;
}

export class Clients {
  readonly #ledger: Ledger;
  readonly #dice: Dice;
  #life: Life | undefined;
  #pool: Pool | undefined;
  #backlog = 0;
  #marks = 0;
  readonly counts: Record<string, number> = {};

  constructor(ledger: Ledger, dice: Dice) {
    this.#ledger = ledger;
    this.#dice = dice;
  }

  /** They work until that life is over; resolves when all of them have stopped. */
  async work(url: string, life: Life, clients: number): Promise<void> {
    this.#life = life;
    this.#pool = new Pool(url, { connections: clients, pipelining: 1 });
    const status = await this.#send('GET', '/api/status');
    if (status?.status === 200) {
      const { pending_tasks: pending, running_tasks: running } = JSON.parse(status.text) as ServerStatus;
      this.#backlog = pending + running;
    }
    await Promise.all(Array.from({ length: clients }, () => this.#client(life)));
    await this.#pool.destroy();
  }

  async #client(life: Life): Promise<void> {
    while (!life.isOver) {
      await this.#act(life);
      await new Promise((resolve) => setTimeout(resolve, this.#dice.between(0, PAUSE_MS_MAX)));
    }
  }

  #act(life: Life): Promise<void> {
    const drawn = this.#dice.draw(ACTIONS);
    const isFull = this.#backlog > BACKLOG_MAX;
    const action = isFull && (drawn === 'submit' || drawn === 'batch') ? 'look' : drawn;
    if (action === 'submit') return this.#submit([this.#newEntry()], life);
    if (action === 'batch') return this.#batch(life);
    if (action === 'list') return this.#list(life);
    const entry = this.#someEntry(action === 'again');
    if (!entry) return Promise.resolve();
    if (action === 'again') return this.#submitAgain(entry, life);
    return this.#alone([entry], () => this.#change(action, entry, life));
  }

  #change(action: 'look' | 'cancel' | 'priority' | 'retry', entry: Entry, life: Life): Promise<void> {
    switch (action) {
      case 'look':
        return this.#look(entry, life);
      case 'cancel':
        return this.#cancel(entry, life);
      case 'priority':
        return this.#reprioritise(entry, life);
      case 'retry':
        return this.#retry(entry, life);
    }
  }

  #newEntry(inBatch = false): Entry {
    this.#marks += 1;
    const mark = `mark-${this.#marks.toString(36)}`;
    const identity = inBatch ? 'none' : this.#dice.draw({ none: 3, key: 5, id: 2 });
    return this.#ledger.open({
      mark,
      type: this.#dice.oneOf(TASK_TYPES),
      model: this.#dice.oneOf(MODELS),
      priority: this.#dice.oneOf(PRIORITIES),
      delayMs: this.#dice.chance(0.12) ? this.#dice.whole(50, 2_000) : undefined,
      key: identity === 'key' ? `key of ${mark}` : undefined,
      givenId: identity === 'id' ? `id-of-${mark}` : undefined,
      retriesMax: RETRIES_MAX,
    });
  }

  #someEntry(toSubmit: boolean): Entry | undefined {
    const { entries } = this.#ledger;
    const low = Math.max(0, entries.length - RECENT);
    for (let tries = 0; tries < 5 && entries.length > 0; tries += 1) {
      const entry = entries[this.#dice.whole(low, entries.length - 1)];
      if (!entry || entry.isBusy) continue;
      const isIt = toSubmit ? entry.key !== undefined || entry.givenId !== undefined : entry.outcome === 'acknowledged';
      if (isIt) return entry;
    }
    return undefined;
  }

  /** Of a new entry, or again of one that has a key or an id of its own; with a key sometimes twice at once. */
  async #submit(entries: readonly [Entry], life: Life): Promise<void> {
    const [entry] = entries;
    await this.#alone(entries, async () => {
      const send = async () => {
        const sent = this.#send('POST', '/api/tasks', bodyOf(entry));
        life.tell('submit sent');
        this.#submitted(entry, await sent);
      };
      await Promise.all(entry.key !== undefined && this.#dice.chance(0.1) ? [send(), send()] : [send()]);
    });
  }

  #submitAgain(entry: Entry, life: Life): Promise<void> {
    this.#count(entry.outcome === 'acknowledged' ? 'submitted again after an answer' : 'submitted again in doubt');
    return this.#submit([entry], life);
  }

  #submitted(entry: Entry, answer: Answer | undefined): void {
    if (!answer) {
      this.#count('submits in doubt');
      return;
    }
    const { status, text } = answer;
    if (status === 200) {
      if (entry.id === undefined) {
        this.#count('submits');
        this.#backlog += 1;
      }
      this.#ledger.acknowledged(entry, (JSON.parse(text) as { task_id: string }).task_id);
    } else if (status === 409 && entry.givenId !== undefined) {
      // It was sent before.
      this.#ledger.acknowledged(entry, entry.givenId);
    } else this.#unexpected('a submission', answer);
  }

  async #batch(life: Life): Promise<void> {
    const entries = Array.from({ length: this.#dice.whole(2, BATCH_MAX) }, () => this.#newEntry(true));
    this.#ledger.batches.push(entries);
    await this.#alone(entries, async () => {
      const sent = this.#send('POST', '/api/tasks/batch', { tasks: entries.map(bodyOf) });
      life.tell('submit sent');
      const answer = await sent;
      if (!answer) {
        this.#count('batches in doubt');
        return;
      }
      if (answer.status !== 200) return this.#unexpected('a batch', answer);
      this.#count('batches');
      this.#backlog += entries.length;
      const { task_ids: ids } = JSON.parse(answer.text) as { task_ids: string[] };
      if (ids.length !== entries.length) this.#ledger.violated(`a batch of ${entries.length} gave ${ids.length} ids`);
      for (const [at, entry] of entries.entries()) this.#ledger.acknowledged(entry, ids[at] ?? '');
    });
  }

  async #look(entry: Entry, life: Life): Promise<void> {
    const askedAtMs = performance.now();
    const answer = await this.#send('GET', pathOf(entry));
    if (!answer) return;
    if (answer.status !== 200) return this.#unexpected(`a look at ${name(entry)}`, answer);
    this.#count('looks');
    this.#saw(entry, JSON.parse(answer.text) as TaskReport, askedAtMs, life);
  }

  async #list(life: Life): Promise<void> {
    const askedAtMs = performance.now();
    const answer = await this.#send('GET', '/api/tasks?limit=60&order=newest');
    if (!answer) return;
    if (answer.status !== 200) return this.#unexpected('a list', answer);
    this.#count('lists');
    for (const report of JSON.parse(answer.text) as TaskReport[]) {
      const entry = this.#ledger.byMark.get(markOf(report) ?? '');
      if (entry) this.#saw(entry, report, askedAtMs, life);
      else this.#ledger.violated(`the list has a task that nobody submitted: ${report.id}`);
    }
  }

  #saw(entry: Entry, report: TaskReport, askedAtMs: number, life: Life): void {
    if (report.status === 'completed' && entry.endKnown?.status === undefined) this.#backlog -= 1;
    this.#ledger.seen(entry, report, askedAtMs, life);
  }

  async #cancel(entry: Entry, life: Life): Promise<void> {
    entry.cancels += 1;
    const answer = await this.#sendChange(entry, 'cancel', life);
    if (!answer) return;
    if (answer.status !== 200) return this.#unexpected(`a cancel of ${name(entry)}`, answer);
    this.#count('cancels');
    this.#ledger.cancelled(entry, life);
    if (this.#dice.chance(0.5)) await this.#look(entry, life);
  }

  async #reprioritise(entry: Entry, life: Life): Promise<void> {
    const priority = this.#dice.oneOf(PRIORITIES);
    const sentEpochMs = Date.now();
    const answer = await this.#sendChange(entry, 'priority', life, { priority });
    if (answer && answer.status !== 200) return this.#unexpected(`a new priority of ${name(entry)}`, answer);
    this.#count(answer ? 'priority changes' : 'priority changes in doubt');
    entry.priorities.push({ priority, sentEpochMs, endedEpochMs: Date.now(), isCertain: answer !== undefined });
  }

  async #retry(entry: Entry, life: Life): Promise<void> {
    const { endKnown } = entry;
    this.#ledger.reopening(entry);
    const answer = await this.#sendChange(entry, 'retry', life);
    if (answer?.status === 409) return this.#ledger.notReopened(entry, endKnown);
    this.#ledger.reopened(entry);
    if (!answer) return;
    if (answer.status !== 200) return this.#unexpected(`a retry of ${name(entry)}`, answer);
    this.#count('retries by hand');
    if (endKnown?.status === 'completed') this.#ledger.violated(`${name(entry)}: was completed, and is tried again`);
  }

  #sendChange(entry: Entry, what: string, life: Life, body: object = {}): Promise<Answer | undefined> {
    const sent = this.#send('POST', `${pathOf(entry)}/${what}`, body);
    life.tell('change sent');
    return sent;
  }

  /** Nobody else touches them meanwhile. */
  async #alone(entries: readonly Entry[], act: () => Promise<void>): Promise<void> {
    for (const entry of entries) entry.isBusy = true;
    await act();
    for (const entry of entries) entry.isBusy = false;
  }

  /** Undefined where the connection was cut, which only a kill may do. */
  async #send(method: Dispatcher.HttpMethod, path: string, body?: object): Promise<Answer | undefined> {
    const life = this.#life;
    try {
      const answer = await this.#pool?.request({
        method,
        path,
        headersTimeout: ANSWER_PATIENCE_MS,
        bodyTimeout: ANSWER_PATIENCE_MS,
        ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      });
      return answer && { status: answer.statusCode, text: await answer.body.text() };
    } catch (error) {
      if (!life?.isOver) this.#ledger.violated(`${method} ${path}: ${String(error)}, though nobody killed the server`);
      return undefined;
    }
  }

  /** A server that stops refuses, which is as good as never having asked; everything else is a fault. */
  #unexpected(what: string, { status, text }: Answer): void {
    this.#count('refused');
    if (status === 503 && this.#life?.isOver) return;
    this.#ledger.violated(`${what} was answered ${status} ${text}`);
  }

  #count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }
}

/** Where the mark stands in what a client sent. */
export function markOf({ payload }: TaskReport): string | undefined {
  return /mark-[0-9a-z]+/.exec(JSON.stringify(payload))?.[0];
}

function bodyOf(entry: Entry): object {
  const prompt = `please answer ${entry.mark}`;
  const payloads = {
    chat: { messages: [{ role: 'user', content: prompt }] },
    generate: { prompt },
    embed: { input: prompt },
  };
  return {
    type: entry.type,
    model: entry.model,
    payload: payloads[entry.type],
    priority: entry.priority,
    max_retries: entry.retriesMax,
    ...(entry.delayMs === undefined ? {} : { delay: `${entry.delayMs}ms` }),
    ...(entry.key === undefined ? {} : { idempotency_key: entry.key }),
    ...(entry.givenId === undefined ? {} : { id: entry.givenId }),
  };
}

function pathOf({ id }: Entry): string {
  return `/api/tasks/${encodeURIComponent(id ?? '')}`;
}
