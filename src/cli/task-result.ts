/** What came of a task, for people and for programs that read text. */
import { GollamaError } from '../base/errors.js';
import type { TaskReport } from '../protocol/task.js';

export function isEnded({ status }: TaskReport): boolean {
  return status !== 'pending' && status !== 'running';
}

/** Throws what a command ends with where the task ended otherwise than completed. */
export function checkCompleted({ id, status, error = '' }: Pick<TaskReport, 'id' | 'status' | 'error'>): void {
  if (status === 'completed') return;
  const code = status === 'cancelled' ? 'cancelled' : 'engine_error';
  const why = error === '' ? '' : `: ${error}`;
  throw new GollamaError(code, `task ${id} ${status === 'cancelled' ? 'was cancelled' : 'failed'}${why}`, {
    hint: `try it again: gollama retry ${id}`,
  });
}

/** The text that a model wrote, or the embeddings as JSON; empty where there is none. */
export function answerOf({ type, result }: Pick<TaskReport, 'type' | 'result'>): string {
  const { message, response, embeddings } = (result ?? {}) as {
    message?: { content?: unknown };
    response?: unknown;
    embeddings?: unknown;
  };
  if (type === 'embed') return embeddings === undefined ? '' : JSON.stringify(embeddings);
  const text = type === 'chat' ? message?.content : response;
  return typeof text === 'string' ? text : '';
}
