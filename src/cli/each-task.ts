/** The same act on several tasks: each is tried, whatever came of the others. */
import { ERROR_CODES, GollamaError, toGollamaError } from '../base/errors.js';

interface TaskAct {
  readonly task_id: string;
  readonly ok: boolean;
  readonly error?: { readonly code: string; readonly message: string };
}

export interface TaskActs {
  readonly results: readonly TaskAct[];
  /** 0: all went well; the one of the failures where they agree, otherwise 1. */
  readonly exitCode: number;
}

/** Rejects at once with what would meet every task: no server, no key. */
export async function eachTask(ids: readonly string[], act: (id: string) => Promise<void>): Promise<TaskActs> {
  const results: TaskAct[] = [];
  const exitCodes = new Set<number>();
  for (const id of ids) {
    try {
      await act(id);
      results.push({ task_id: id, ok: true });
    } catch (thrown) {
      const error = toGollamaError(thrown);
      if (isForAll(error)) throw error;
      exitCodes.add(error.exitCode);
      results.push({ task_id: id, ok: false, error: { code: error.code, message: error.message } });
    }
  }
  const [only = 0, ...others] = exitCodes;
  return { results, exitCode: others.length === 0 ? only : ERROR_CODES.internal.exitCode };
}

/** For an act that leaves a task alone which has ended: it has not been done then. */
export function checkDone(id: string, status: string, wanted: readonly string[]): void {
  if (!wanted.includes(status)) throw new GollamaError('conflict', `task ${id} is ${status}`);
}

function isForAll({ code }: GollamaError): boolean {
  return code === 'unreachable' || code === 'unauthorized' || code === 'shutting_down';
}
