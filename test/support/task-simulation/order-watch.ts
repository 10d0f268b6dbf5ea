/** Whatever goes first, goes first: tasks of all models and the requests of those who wait, by priority and place. */
import type { Task } from '../../../src/tasks/task.js';
import { demand, same } from './demand.js';
import type { Rests } from './rests.js';
import type { Request, SimulatedServer } from './simulated-server.js';
import type { TaskWatch } from './task-watch.js';

interface Placed {
  readonly priority: number;
  readonly order: number;
}

export class OrderWatch {
  readonly #tasks: TaskWatch;
  readonly #rests: Rests;
  /** Checks for the end of this event. */
  #afterwards: (() => void)[] = [];
  /** Servers that started a task in this event, or would have if the store had taken it. */
  readonly #started = new Set<string>();

  constructor(tasks: TaskWatch, rests: Rests) {
    this.#tasks = tasks;
    this.#rests = rests;
  }

  /** Before `#tasks` know of it. */
  onStart(task: Task, server: SimulatedServer | undefined): void {
    for (const { task: other } of this.#tasks.in('ready')) {
      if (other.number === task.number || !goesBefore(other, task)) continue;
      demand(other.model !== task.model, `${other.id} of the same model is not passed over for ${task.id}`);
      if (!server?.member(task.engine ?? '')?.serves(other.model)) continue;
      demand(!this.#isOffered(server, other.model), `${other.id} is not passed over for ${task.id} on ${server.name}`);
    }
    if (task.engine === undefined) same(task.model, 'nowhere', 'a model of which tasks fail without a slot');
    else this.#onSlot(task, task.engine, server);
  }

  onRefusedClaim(server: SimulatedServer): void {
    this.#started.add(server.name);
  }

  onRequestGranted(request: Request, server: SimulatedServer, engine: string): void {
    if (server.phase !== 'open' || server.taskLeases >= server.workersMax) return;
    for (const { task } of this.#tasks.in('ready')) {
      if (!server.member(engine)?.serves(task.model) || !goesBefore(task, placeOf(request))) continue;
      if (!this.#isOffered(server, task.model)) continue;
      // A model has one ticket: where several slots become free at once its second task comes after a request.
      this.#afterwards.push(() => {
        demand(this.#started.has(server.name), `${task.id} is not passed over for request ${request.sequence}`);
      });
    }
  }

  onEventOver(): void {
    const checks = this.#afterwards;
    this.#afterwards = [];
    for (const check of checks) check();
    this.#started.clear();
  }

  #onSlot(task: Task, engine: string, server: SimulatedServer | undefined): void {
    if (server?.phase !== 'open') throw new Error(`${task.id} starts on a server that is not open`);
    this.#started.add(server.name);
    demand(!this.#rests.isQuiet(server.name, task.model), `${task.model} rests on ${server.name}`);
    for (const request of server.requests) {
      const mayPass = !server.member(engine)?.serves(request.model) || !goesBefore(placeOf(request), task);
      if (request.state !== 'waiting' || mayPass) continue;
      // It hears of its slot a little later than a task does.
      this.#afterwards.push(() => {
        const isPassedOver = request.state === 'waiting' && !request.leave.signal.aborted;
        demand(!isPassedOver, `request ${request.sequence} is not passed over for ${task.id}`);
      });
    }
  }

  /** It does not rest there, and was known there before: the engines that tell of it tell the queue first. */
  #isOffered(server: SimulatedServer, model: string): boolean {
    return server.known.has(model) && !this.#rests.mayRest(server.name, model);
  }
}

function placeOf({ priority, sequence }: Request): Placed {
  return { priority, order: sequence };
}

/** Said again here, so that a mistake in the queue's own order is no mistake of the model. */
function goesBefore(one: Placed, other: Placed): boolean {
  if (one.priority !== other.priority) return one.priority > other.priority;
  return one.order < other.order;
}
