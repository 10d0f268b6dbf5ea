/** The status of a server as text. */

import { printable, printableLines } from '../base/printable.js';
import type { EngineReport, ServerStatus } from '../protocol/status.js';
import { durationText } from './duration-text.js';
import { priorityWord } from './priority-text.js';
import { renderTable } from './table.js';

export function statusText(url: string, status: ServerStatus): string {
  const running = status.engines.reduce((sum, engine) => sum + engine.slots_busy, 0);
  const lines = [
    `server    ${url}   up ${durationText(status.uptime_s)}   gollama ${status.version}`,
    `queue     ${status.waiting_interactive} waiting · ${running} running`,
    `tasks     ${taskCounts(status)}`,
    `workers   ${status.workers_active} active · ${status.workers_idle} idle`,
    ...waitingLines(status),
    '',
    engineTable(status.engines),
  ];
  const problems = status.engines.filter(({ last_error }) => last_error !== null);
  if (problems.length > 0)
    lines.push('', ...problems.map(({ name, last_error }) => printableLines(`${name}: ${last_error}`)));
  return lines.join('\n');
}

function taskCounts(status: ServerStatus): string {
  const { pending_tasks, running_tasks, completed_tasks, failed_tasks, cancelled_tasks } = status;
  const always = [`${pending_tasks} pending`, `${running_tasks} running`, `${completed_tasks} completed`];
  return [...always, `${failed_tasks} failed`, `${cancelled_tasks} cancelled`].join(' · ');
}

/** What waits, highest priority first; nothing where nothing waits. */
function waitingLines({ queues_by_priority: queues }: ServerStatus): readonly string[] {
  const waiting = Object.entries(queues).filter(([, count]) => count > 0);
  if (waiting.length === 0) return [];
  const sorted = waiting.toSorted(([left], [right]) => Number(right) - Number(left));
  return [`waiting   ${sorted.map(([priority, count]) => `${count} ${priorityWord(Number(priority))}`).join(' · ')}`];
}

function engineTable(engines: readonly EngineReport[]): string {
  return renderTable(
    [
      { title: 'ENGINE' },
      { title: 'KIND' },
      { title: 'STATE' },
      { title: 'SLOTS', align: 'right' },
      { title: 'WAIT', align: 'right' },
      { title: 'RESTARTS', align: 'right' },
      { title: 'MODELS' },
    ],
    engines.map((engine) => [
      printable(engine.name),
      engine.kind,
      engine.state,
      `${engine.slots_busy}/${engine.slots_total}`,
      String(engine.waiting),
      String(engine.restarts),
      printable(engine.models.join(', ')) || '–',
    ]),
  );
}
