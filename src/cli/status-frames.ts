/** What `gollama status` shows, once or again and again. */
import type { ServerStatus } from '../protocol/status.js';
import type { TaskReport } from '../protocol/task.js';
import { queueText } from './queue-text.js';
import { statusText } from './status-text.js';
import { isEnded } from './task-result.js';
import { taskText } from './task-text.js';
import type { Frame } from './watch.js';

export interface StatusView {
  readonly url: string;
  /** `table` and `json` are the forms of Ollama Queue. */
  readonly output: string | undefined;
}

export function statusFrame(subject: ServerStatus | TaskReport, { url, output }: StatusView): Frame {
  if ('id' in subject) {
    const text = output === 'json' ? JSON.stringify(subject, null, 2) : taskText(subject);
    return { text, gist: taskGist(subject), isLast: isEnded(subject) };
  }
  const text = output === undefined ? statusText(url, subject) : inForm(subject, output);
  return { text, gist: serverGist(subject), isLast: false };
}

function inForm(status: ServerStatus, output: string): string {
  return output === 'json' ? JSON.stringify(status, null, 2) : queueText(status);
}

function serverGist(status: ServerStatus): string {
  const { pending_tasks, running_tasks, completed_tasks, failed_tasks, cancelled_tasks, waiting_interactive } = status;
  return [
    `pending=${pending_tasks}`,
    `running=${running_tasks}`,
    `completed=${completed_tasks}`,
    `failed=${failed_tasks}`,
    `cancelled=${cancelled_tasks}`,
    `waiting=${waiting_interactive}`,
    ...status.engines.map(
      ({ name, state, slots_busy, slots_total }) => `${name}=${state},${slots_busy}/${slots_total}`,
    ),
  ].join(' ');
}

function taskGist({ id, status, retry_count, error }: TaskReport): string {
  const retries = retry_count > 0 ? ` retry=${retry_count}` : '';
  return `${id} ${status}${retries}${status === 'failed' && error ? ` ${error}` : ''}`;
}
