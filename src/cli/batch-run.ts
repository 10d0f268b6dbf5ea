/** `gollama submit batch` from the tasks to the last result. */
import { systemClock } from '../base/clock.js';
import { GollamaError } from '../base/errors.js';
import type { Client } from '../client/client.js';
import { Deadline } from '../client/deadline.js';
import type { BatchPlan } from './batch-plan.js';
import { sendBatch } from './batch-send.js';
import { type BatchResult, type Ended, waitForBatch } from './batch-wait.js';
import { type Progress, showProgress } from './progress.js';
import { openResults } from './results-file.js';

export interface BatchTerminal {
  readonly signal: AbortSignal;
  /** Takes the data. */
  print(line: string): void;
  /** Takes what is to be known. */
  note(line: string): void;
}

export interface BatchOutcome extends Partial<Ended> {
  readonly task_ids: readonly string[];
}

const BAR_CELLS = 20;
const PROBLEMS_SHOWN = 10;

/** Rejects with what the server refused, with `wait_timeout`, and with `cancelled` where the signal aborts. */
export async function runBatch(client: Client, plan: BatchPlan, terminal: BatchTerminal): Promise<BatchOutcome> {
  const results = plan.results === undefined ? undefined : await openResults(plan.results);
  const progress = showProgress(progressText('submitted', 0, plan.tasks.length));
  const deadline = new Deadline(systemClock, plan.timeoutMs, terminal.signal);
  const problems: string[] = [];
  const onEnd = (result: BatchResult) => {
    if (result.error !== undefined) problems.push(`task ${result.id} (item ${result.index}) ${result.error}`);
    return results?.write(result);
  };
  try {
    const ids = await send(client, plan, terminal, progress);
    if (!plan.isAwaited) return { task_ids: ids };
    const ended = await wait(client, ids, deadline.signal, progress, onEnd);
    progress.stop();
    tell(terminal, ids.length, ended, problems);
    return { task_ids: ids, ...ended };
  } catch (thrown) {
    if (!deadline.isOver || terminal.signal.aborted) throw thrown;
    throw new GollamaError('wait_timeout', 'not all tasks have ended in time; they go on', { hint: plan.again });
  } finally {
    deadline.dispose();
    progress.stop();
    await results?.close();
  }
}

async function send(
  client: Client,
  { tasks, results, again }: BatchPlan,
  { signal, print }: BatchTerminal,
  progress: Progress,
): Promise<readonly string[]> {
  const sent = (count: number) => progress.text(progressText('submitted', count, tasks.length));
  const ids = await sendBatch(client, tasks, { signal, again, sent });
  // The results name them too.
  if (results !== '-') print(ids.join('\n'));
  return ids;
}

function wait(
  client: Client,
  ids: readonly string[],
  signal: AbortSignal,
  progress: Progress,
  onEnd: (result: BatchResult) => Promise<void> | undefined,
): Promise<Ended> {
  progress.text(progressText('done', 0, ids.length));
  return waitForBatch(client, ids, signal, async (result, so) => {
    progress.text(progressText('done', so.completed + so.failed + so.cancelled, ids.length, so));
    await onEnd(result);
  });
}

function tell({ note }: BatchTerminal, total: number, ended: Ended, problems: readonly string[]): void {
  for (const problem of problems.slice(0, PROBLEMS_SHOWN)) note(problem);
  if (problems.length > PROBLEMS_SHOWN) note(`and ${problems.length - PROBLEMS_SHOWN} more`);
  note([`${total} tasks: ${ended.completed} completed`, ...badOnes(ended)].join(' · '));
}

/** `[####----] 40/100 done · 1 failed`. */
export function progressText(word: string, count: number, total: number, ended?: Ended): string {
  const full = Math.floor((count / Math.max(total, 1)) * BAR_CELLS);
  const bar = `[${'#'.repeat(full)}${'-'.repeat(BAR_CELLS - full)}] ${count}/${total} ${word}`;
  return [bar, ...(ended ? badOnes(ended) : [])].join(' · ');
}

function badOnes({ failed, cancelled }: Ended): readonly string[] {
  return [...(failed > 0 ? [`${failed} failed`] : []), ...(cancelled > 0 ? [`${cancelled} cancelled`] : [])];
}
