/** What must hold between two events of a simulation, and at its end. */
import { getEventListeners } from 'node:events';
import type { Task } from '../../../src/tasks/task.js';
import { demand, same } from './demand.js';
import { describeRecord, type SimulatedServer, type TaskCall } from './simulated-server.js';
import type { TaskSimulation } from './simulation.js';

export function checkNow(simulation: TaskSimulation): void {
  checkCounts(simulation);
  checkOwners(simulation);
  simulation.watch.checkDelays();
  for (const server of simulation.servers) {
    checkLeases(simulation, server);
    if (server.phase === 'open') checkNobodyForgotten(simulation, server);
    if (server.phase === 'stopping') demand(server.calls.every(isAborted), `${server.name} breaks off what runs`);
    if (server.phase === 'gone') checkGone(server);
  }
}

export async function checkEnd(simulation: TaskSimulation): Promise<void> {
  const { watch, servers, clock, store } = simulation;
  same(watch.open.map(({ task }) => `${task.id} ${task.state}`).join(), '', 'tasks that have not ended');
  same(servers.filter(({ phase }) => phase !== 'gone').length, 0, 'servers that have not stopped');
  same(store.arriving.size + store.settling.size, 0, 'claims on their way');
  same(clock.timers, 0, 'timers that are left');
  for (const server of servers) await checkLogs(server, simulation.stoppedEarly.has(server));
  const page = await store.list({ limit: 10_000 });
  same(page.tasks.length, watch.tasks.size, 'tasks in the store');
  for (const task of page.tasks)
    same(task.state, watch.tasks.get(task.number)?.task.state, `what was told of ${task.id}`);
}

function checkCounts({ store, watch }: TaskSimulation): void {
  const { states, pendingByPriority } = store.counts();
  same(JSON.stringify({ ...watch.recount(), ...states }), JSON.stringify(watch.recount()), 'tasks by state');
  const waiting = new Map<number, number>();
  for (const { task } of watch.in('ready', 'delayed'))
    waiting.set(task.priority, (waiting.get(task.priority) ?? 0) + 1);
  for (const priority of new Set([...waiting.keys(), ...pendingByPriority.keys()]))
    same(pendingByPriority.get(priority) ?? 0, waiting.get(priority) ?? 0, `tasks that wait with priority ${priority}`);
}

/** A task that runs is in one pair of hands: its claim on the way, one call, or its end on the way. */
function checkOwners({ store, watch, calls }: TaskSimulation): void {
  const live = calls.filter(({ signal }) => !signal.aborted);
  for (const { id } of live) same(live.filter((call) => call.id === id).length, 1, `live calls for ${id}`);
  for (const { id } of live) same(watch.byId(id).task.state, 'running', `${id}, on which an engine works,`);
  for (const { task } of watch.in('running')) {
    const isHis = (claim: { readonly task: Task }) => claim.task.number === task.number;
    const claim = latest([...store.arriving, ...store.settling, ...store.handed.values()].filter(isHis));
    const called = calls.filter(({ id, engine }) => id === task.id && engine.name === claim?.task.engine);
    const working = called.filter(({ turn }) => turn === claim?.turn);
    const hands =
      Number(claim && store.arriving.has(claim)) + Number(claim && store.settling.has(claim)) + working.length;
    same(hands, 1, `hands in which ${task.id} is`);
  }
}

function latest<C extends { readonly turn: number }>(claims: readonly C[]): C | undefined {
  return claims.reduce<C | undefined>((last, claim) => (last && last.turn > claim.turn ? last : claim), undefined);
}

function checkLeases({ store, watch }: TaskSimulation, server: SimulatedServer): void {
  const mine = (claim: { readonly task: Task }) => server.owns(claim.task.engine);
  const arriving = [...store.arriving].filter(mine).length;
  const settling = [...store.settling].filter(mine).length;
  const requests = server.requests.filter(({ state }) => state === 'held').length;
  same(server.dispatcher.inFlight, requests + arriving + settling + server.calls.length, `leases of ${server.name}`);
  const inUse = server.pool.members.reduce((sum, member) => sum + member.inUse, 0);
  same(inUse, server.dispatcher.inFlight, `slots in use at ${server.name}`);
  demand(server.taskLeases <= server.workersMax, `${server.name} has no more workers than it may`);
  const running = watch.in('running').filter(({ task }) => server.owns(task.engine)).length;
  demand(running <= server.workersMax, `no more tasks run on ${server.name} than may`);
  for (const { signal } of server.calls)
    demand(getEventListeners(signal, 'abort').length <= 2, 'nobody listens twice to a call');
}

/** No free slot beside somebody who may have it. */
function checkNobodyForgotten({ watch, rests }: TaskSimulation, server: SimulatedServer): void {
  for (const request of server.requests.filter(({ state }) => state === 'waiting'))
    demand(!server.hasFree(request.model), `request ${request.sequence} does not wait beside a free slot`);
  const models = new Set(watch.in('ready').map(({ task }) => task.model));
  for (const model of models) {
    if (!server.knows(model) || rests.isResting(server.name, model)) continue;
    const mayStart = server.taskLeases < server.workersMax && server.hasFree(model);
    demand(!mayStart, `no task of ${model} waits beside a free slot of ${server.name}`);
  }
}

function isAborted({ signal }: TaskCall): boolean {
  return signal.aborted;
}

function checkGone(server: SimulatedServer): void {
  same(server.runnerClock.timers, 0, `timers of the runner of ${server.name}, which has stopped`);
  same(server.runner.running, 0, `tasks in flight of ${server.name}, which has stopped`);
  same(server.dispatcher.inFlight, 0, `leases of ${server.name}, which has stopped`);
}

export async function checkLogs({ logs, said, name }: SimulatedServer, stoppedEarly: boolean): Promise<void> {
  for (const [id, expected] of said) {
    const entries = (await logs.read(id, 0, 100_000)) ?? [];
    entries.forEach(({ sequence }, index) => {
      same(sequence, index + 1, `sequence in the log of ${id}`);
    });
    const told = entries.map(({ record }) => record);
    const words = told.filter(({ kind }) => kind !== 'text').map(describeRecord);
    // The runner may have stopped listening a little before the model knew.
    const known = stoppedEarly ? expected.slice(0, Math.max(words.length, expected.length - 2)) : expected;
    same(words.join('\n'), known.join('\n'), `the log of ${id} on ${name}`);
    let speaker: string | undefined;
    for (const record of told) {
      if (record.kind === 'restart') speaker = undefined;
      if (record.kind !== 'text') continue;
      speaker ??= record.text;
      same(record.text, speaker, `who speaks in the log of ${id}`);
    }
  }
}
