/**
 * The answer of a task for faces that cannot take anything back: told from where its last attempt begins, whatever is left
 * of its log.
 */
import { GollamaError } from '../base/errors.js';
import type { Reader } from '../stream/reader.js';
import { isTerminal, type LogRecord } from '../stream/record.js';
import { finalAnswer } from '../tasks/final-answer.js';
import type { TaskQueue, Visitor } from '../tasks/task-queue.js';

/**
 * Records as they come, the terminal one last; an empty step for a silence of `silenceMs`. Ends early only where `signal`
 * aborts. A `restart` among them says that what was told before does not count. Throws `not_found`, and `gone` where the
 * log went away while it was read.
 */
export async function* toldAnswer(
  tasks: TaskQueue,
  id: string,
  visitor: Visitor,
  { signal, silenceMs }: { readonly signal: AbortSignal; readonly silenceMs: number },
): AsyncGenerator<readonly LogRecord[], void> {
  const reader = await tasks.follow(id, visitor);
  if (!reader) {
    yield finalAnswer(await tasks.get(id, visitor)).map(({ record }) => record);
    return;
  }
  const after = await lastBeginning(reader, signal, silenceMs);
  for await (const entries of reader.read(after, signal, silenceMs)) {
    const records = entries.map(({ record }) => record);
    yield records;
    const last = records.at(-1);
    if (last && isTerminal(last)) return;
  }
  if (!signal.aborted) throw new GollamaError('gone', `the answer of task ${id} is not kept any more`);
}

/** Sequence number of the last restart there is; 0 where there was none. */
async function lastBeginning(reader: Reader, signal: AbortSignal, silenceMs: number): Promise<number> {
  const { last } = reader;
  let after = 0;
  if (last === 0) return after;
  for await (const entries of reader.read(0, signal, silenceMs)) {
    for (const { sequence, record } of entries) if (record.kind === 'restart') after = sequence;
    if ((entries.at(-1)?.sequence ?? 0) >= last) break;
  }
  return after;
}
