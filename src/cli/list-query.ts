/** The flags of `gollama list` as a question to the server. */
import { GollamaError } from '../base/errors.js';
import { nearest } from '../base/nearest.js';
import type { TaskQuery } from '../client/new-task.js';
import { TASK_STATUSES, TASK_TYPES } from '../protocol/task.js';
import { priorityOf } from './submit-flags.js';

export interface ListFlags {
  readonly status?: readonly string[] | undefined;
  readonly type?: readonly string[] | undefined;
  readonly priority?: readonly string[] | undefined;
  readonly model?: readonly string[] | undefined;
  readonly since?: string | undefined;
  readonly limit?: number | undefined;
  readonly offset?: number | undefined;
}

/** Throws `usage`. */
export function listQuery(flags: ListFlags): TaskQuery {
  return {
    status: known('status', flags.status, TASK_STATUSES),
    type: known('type', flags.type, TASK_TYPES),
    priority: listed(flags.priority)?.map((text) => priorityOf('--priority', text)),
    model: flags.model,
    since: flags.since,
    // What a reference server understands too: there 0 is no limit.
    limit: flags.limit === 0 ? undefined : flags.limit,
    offset: flags.offset,
    order: 'newest',
  };
}

/** Comma lists and repeated flags come to the same. */
function listed(given: readonly string[] | undefined): readonly string[] | undefined {
  return given?.flatMap((text) => text.split(',').map((word) => word.trim())).filter((word) => word !== '');
}

function known(flag: string, given: readonly string[] | undefined, words: readonly string[]): TaskQuery['status'] {
  return listed(given)?.map((text) => {
    const word = text.toLowerCase();
    if (words.includes(word)) return word;
    const meant = nearest(word, words);
    throw new GollamaError('usage', `--${flag}: "${text}" is none of ${words.join(', ')}`, {
      ...(meant === undefined ? {} : { hint: `did you mean "${meant}"?` }),
    });
  });
}
