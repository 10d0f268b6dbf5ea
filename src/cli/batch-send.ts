/** Sends many tasks, a chunk at a time. */
import { GollamaError, toGollamaError } from '../base/errors.js';
import type { Client } from '../client/client.js';

const CHUNK_TASKS_MAX = 500;
/** Far below what a server takes in one body. */
const CHUNK_BYTES_MAX = 4 * 1024 * 1024;

export interface Sending {
  readonly signal: AbortSignal;
  /** How to go on where it breaks off. */
  readonly again: string;
  sent(count: number): void;
}

/** Their ids, in order. Rejects with what the server refused, and says how many it had taken. */
export async function sendBatch(
  client: Client,
  tasks: readonly object[],
  sending: Sending,
): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const chunk of chunksOf(tasks)) {
    try {
      ids.push(...(await client.submitBatch(chunk, sending.signal)));
    } catch (thrown) {
      const error = toGollamaError(thrown);
      throw new GollamaError(error.code, `${ids.length} of ${tasks.length} tasks were submitted: ${error.message}`, {
        hint: `go on, nothing is submitted twice: ${sending.again}`,
        cause: thrown,
      });
    }
    sending.sent(ids.length);
  }
  return ids;
}

/** By number, and by size: one task is always a chunk. */
export function* chunksOf(tasks: readonly object[]): Generator<readonly object[], void> {
  let chunk: object[] = [];
  let sizeBytes = 0;
  for (const task of tasks) {
    const taskBytes = Buffer.byteLength(JSON.stringify(task)) + 1;
    if (chunk.length === CHUNK_TASKS_MAX || (chunk.length > 0 && sizeBytes + taskBytes > CHUNK_BYTES_MAX)) {
      yield chunk;
      chunk = [];
      sizeBytes = 0;
    }
    chunk.push(task);
    sizeBytes += taskBytes;
  }
  if (chunk.length > 0) yield chunk;
}
