/** The task queue at a glance, exactly as Ollama Queue's command line shows it (`status --output table`). */
import type { ServerStatus } from '../protocol/status.js';
import { priorityName } from './priority-text.js';

export function queueText(status: ServerStatus): string {
  return [
    ...section('Queue Statistics:', 16, [
      `Pending Tasks:   ${status.pending_tasks}`,
      `Running Tasks:   ${status.running_tasks}`,
      `Completed Tasks: ${status.completed_tasks}`,
      `Failed Tasks:    ${status.failed_tasks}`,
      `Cancelled Tasks: ${status.cancelled_tasks}`,
      `Total Tasks:     ${status.total_tasks}`,
    ]),
    '',
    ...section('Worker Statistics:', 18, [
      `Active Workers:  ${status.workers_active}`,
      `Idle Workers:    ${status.workers_idle}`,
    ]),
    '',
    ...section(
      'Priority Queues:',
      16,
      byPriority(status).map(([name, count]) => `${name.padEnd(10)}: ${count} tasks`),
    ),
  ].join('\n');
}

/** Lowest first; names begin with a capital. */
function byPriority({ queues_by_priority: queues }: ServerStatus): readonly [name: string, count: number][] {
  const counts = Object.entries(queues).map(([priority, count]) => [Number(priority), count] as const);
  return counts
    .toSorted(([left], [right]) => left - right)
    .map(([priority, count]) => [capital(priorityName(priority)), count]);
}

function section(title: string, ruleCharacters: number, lines: readonly string[]): readonly string[] {
  return [title, '='.repeat(ruleCharacters), ...lines];
}

function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}
