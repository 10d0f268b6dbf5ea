/** The events of a response as they come, from any number on. */
import { GollamaError } from '../../base/errors.js';
import type { JsonObject } from '../../protocol/json-object.js';
import type { TaskReport } from '../../protocol/task.js';
import { finalAnswer } from '../../tasks/final-answer.js';
import type { TaskQueue, Visitor } from '../../tasks/task-queue.js';
import { type ResponseEvent, ResponseRendering } from './rendering.js';

export interface EventPlace {
  /** Number of the last event that is known; -1 for none. */
  readonly after: number;
  readonly signal: AbortSignal;
  /** After so long without a record an empty step says so. */
  readonly silenceMs: number;
}

/**
 * The log is always read from its beginning: only so the items are known that later events are about. The first step is
 * empty at worst and comes at once. Ends early only where `signal` aborts.
 *
 * Throws `gone` where the log is not kept any more and `after` names an event of it; where `after` is inside of what was
 * told in many pieces and is kept in one; and where the log goes away while it is read.
 */
export async function* toldEvents(
  tasks: TaskQueue,
  report: TaskReport,
  visitor: Visitor,
  { after, signal, silenceMs }: EventPlace,
): AsyncGenerator<readonly ResponseEvent[], void> {
  const { id } = report;
  const reader = await tasks.follow(id, visitor);
  if (after >= 0 && (!reader || !id.startsWith(`resp_${tasks.logEpoch}_`))) throw gone(id);
  const rendering = new ResponseRendering(report);
  const steps = reader ? reader.read(0, signal, silenceMs) : [finalAnswer(await tasks.get(id, visitor))];
  const isNew = ({ sequence_number: number }: ResponseEvent) => number > after;
  const header = rendering.header().filter(isNew);
  if (header.length > 0) yield header;
  let isCaughtUp = false;
  for await (const entries of steps) {
    const told: ResponseEvent[] = [];
    for (const entry of entries) {
      const { record } = entry;
      if (record.kind === 'done' || record.kind === 'error') {
        told.push(...rendering.end(record, await tasks.get(id, visitor)).filter(isNew));
        yield told;
        return;
      }
      const standsFor = entry.sequence - rendering.sequence;
      const events = rendering.take(entry).filter(isNew);
      if (events.length > 0 && events.length < standsFor) throw gone(id);
      told.push(...events);
    }
    isCaughtUp ||= entries.length === 0 || rendering.sequence >= (reader?.last ?? 0);
    if (told.length > 0 || isCaughtUp) yield told;
  }
  if (!signal.aborted) throw gone(id);
}

/** The response of a task that has ended, from its result alone. */
export function finalResponse(report: TaskReport): JsonObject {
  const rendering = new ResponseRendering(report);
  let last: ResponseEvent | undefined;
  for (const entry of finalAnswer(report)) {
    const { record } = entry;
    const isEnd = record.kind === 'done' || record.kind === 'error';
    last = (isEnd ? rendering.end(record, report) : rendering.take(entry)).at(-1);
  }
  return last?.response as JsonObject;
}

function gone(id: string): GollamaError {
  return new GollamaError('gone', `the stream of response ${id} is not kept from that event on`);
}
