/** What the server has at the end, beside what it promised. Pure. */
import type { ServerStatus } from '../../src/protocol/status.js';
import { TASK_STATUSES, type TaskReport } from '../../src/protocol/task.js';
import { CRASHES_MAX } from '../../src/tasks/task.js';
import { type Entry, name } from './ledger.js';

export interface Ending {
  readonly entries: readonly Entry[];
  readonly batches: readonly (readonly Entry[])[];
  /** Every page of the list, one behind the other. */
  readonly reports: readonly TaskReport[];
  readonly status: ServerStatus;
  readonly markOf: (report: TaskReport) => string | undefined;
  /** Whether that is the answer to the prompt with that mark. */
  readonly isAnswer: (report: TaskReport, mark: string) => boolean;
}

const POISONED = /^the server died \d+ times while this task ran$/;
const GAVE_UP = /^(chat|generate|embed) execution failed: /;

export function violations(ending: Ending): string[] {
  const byMark = new Map<string, TaskReport[]>();
  for (const report of ending.reports) {
    const mark = ending.markOf(report) ?? '';
    byMark.set(mark, [...(byMark.get(mark) ?? []), report]);
  }
  return [
    ...ending.entries.flatMap((entry) => presence(entry, byMark.get(entry.mark) ?? [])),
    ...ending.entries.flatMap((entry) =>
      (byMark.get(entry.mark) ?? []).flatMap((report) => fate(entry, report, ending)),
    ),
    ...ending.batches.flatMap((batch) => wholeness(batch, byMark)),
    ...pages(ending),
    ...counters(ending),
  ];
}

function presence(entry: Entry, found: readonly TaskReport[]): string[] {
  const { outcome, id } = entry;
  if (found.length > 1) return [`${name(entry)}: is there ${found.length} times`];
  const [report] = found;
  if (outcome === 'acknowledged' && report === undefined) return [`${name(entry)}: was acknowledged, and is lost`];
  if (id !== undefined && report && report.id !== id) return [`${name(entry)}: is there as ${report.id}`];
  return [];
}

function fate(entry: Entry, report: TaskReport, { isAnswer }: Ending): string[] {
  const { status, type, model, max_retries: retriesMax } = report;
  const lifetimes = entry.retries + 1;
  const runsMax = (entry.retriesMax + 1 + CRASHES_MAX) * lifetimes + entry.stopped;
  const isPoisoned = POISONED.test(report.error ?? '');
  const shown = entry.endKnown?.status;
  const rules: readonly (readonly [boolean, string])[] = [
    [type !== entry.type || model !== entry.model || retriesMax !== entry.retriesMax, 'is another task than was sent'],
    [status === 'pending' || status === 'running', `is ${status} still`],
    [shown !== undefined && shown !== status, `was shown as ${shown}, and is ${status}`],
    [status === 'completed' && !isAnswer(report, entry.mark), `has another answer: ${JSON.stringify(report.result)}`],
    [status === 'completed' && entry.answered === 0, 'is completed without an answer'],
    [status !== 'completed' && report.result !== undefined, `is ${status}, with a result`],
    [status === 'cancelled' && entry.cancels === 0, 'is cancelled, which nobody wished'],
    [status === 'failed' && !isPoisoned && !GAVE_UP.test(report.error ?? ''), `failed: ${report.error ?? 'why?'}`],
    [status === 'failed' && !isPoisoned && entry.failed <= entry.retriesMax, 'failed before its tries were used up'],
    [entry.killed > CRASHES_MAX * lifetimes, `was killed ${entry.killed} times while it ran`],
    [entry.begun > runsMax, `ran ${entry.begun} times`],
    [
      !possiblePriorities(entry, report).has(report.priority),
      `has the priority ${report.priority}, after ${JSON.stringify(entry.priorities)}`,
    ],
  ];
  return rules.filter(([isBroken]) => isBroken).map(([, what]) => `${name(entry)}: ${what}`);
}

/** A change of a task that has ended is acknowledged, and changes nothing. */
function possiblePriorities(entry: Entry, { completed_at: completedAt = '' }: TaskReport): ReadonlySet<number> {
  const endedEpochMs = Date.parse(completedAt);
  let possible = new Set([entry.priority]);
  for (const { priority, sentEpochMs, endedEpochMs: answeredEpochMs, isCertain } of entry.priorities) {
    const isAlone = entry.retries === 0;
    if (isAlone && endedEpochMs < sentEpochMs - 1) continue;
    const took = isAlone && isCertain && endedEpochMs > answeredEpochMs + 1;
    possible = took ? new Set([priority]) : possible.add(priority);
  }
  return possible;
}

function wholeness(batch: readonly Entry[], byMark: ReadonlyMap<string, readonly TaskReport[]>): string[] {
  const there = batch.filter(({ mark }) => byMark.has(mark)).length;
  return there === 0 || there === batch.length ? [] : [`of a batch of ${batch.length} tasks ${there} are there`];
}

function pages({ reports, entries, markOf }: Ending): string[] {
  const ids = new Set(reports.map(({ id }) => id));
  const marks = new Set(entries.map(({ mark }) => mark));
  const strangers = reports.filter((report) => !marks.has(markOf(report) ?? ''));
  return [
    ...(ids.size === reports.length ? [] : [`the pages of the list have ${reports.length - ids.size} tasks twice`]),
    ...strangers.map(({ id }) => `the list has a task that nobody submitted: ${id}`),
  ];
}

function counters({ reports, status }: Ending): string[] {
  const wrong = TASK_STATUSES.filter((word) => status[`${word}_tasks`] !== count(reports, word));
  const told = wrong.map(
    (word) => `the status counts ${status[`${word}_tasks`]} ${word}, there are ${count(reports, word)}`,
  );
  if (status.total_tasks !== reports.length)
    told.push(`the status counts ${status.total_tasks} tasks, there are ${reports.length}`);
  const waiting = Object.entries(status.queues_by_priority).filter(([, waits]) => waits !== 0);
  if (status.pending_tasks === 0 && waiting.length > 0)
    told.push(`the status counts tasks that wait, by priority: ${JSON.stringify(waiting)}`);
  return told;
}

function count(reports: readonly TaskReport[], word: TaskReport['status']): number {
  return reports.filter(({ status }) => status === word).length;
}
