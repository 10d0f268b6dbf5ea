/** What `gollama submit batch` is asked to do, all of it checked before anything is sent. */
import { randomUUID } from 'node:crypto';
import { parseBatch, readBatchFile } from './batch-file.js';
import { durationOf, priorityOf } from './submit-flags.js';

export interface BatchFlags {
  readonly file: string;
  readonly model?: string | undefined;
  readonly priority?: string | undefined;
  readonly key?: string | undefined;
  readonly sync: boolean;
  readonly results?: string | undefined;
  readonly timeout?: string | undefined;
}

export interface BatchPlan {
  /** As they are sent. */
  readonly tasks: readonly object[];
  readonly isAwaited: boolean;
  readonly timeoutMs: number | undefined;
  /** Where a line goes for each result. */
  readonly results: string | undefined;
  /** The command line that goes on with the same tasks, and submits none of them twice. */
  readonly again: string;
}

/** Rejects with `usage`. */
export async function planBatch(flags: BatchFlags): Promise<BatchPlan> {
  const { file, model, results } = flags;
  const runKey = flags.key ?? randomUUID().slice(0, 8);
  const priority = flags.priority === undefined ? undefined : priorityOf('--priority', flags.priority);
  const timeoutMs = flags.timeout === undefined ? undefined : durationOf('timeout', flags.timeout);
  const name = file === '-' ? 'standard input' : file;
  const tasks = parseBatch(name, await readBatchFile(file), { model, priority }, runKey);
  const isAwaited = flags.sync || results !== undefined || timeoutMs !== undefined;
  return { tasks, isAwaited, timeoutMs, results, again: commandLine({ ...flags, key: runKey }, isAwaited) };
}

function commandLine({ file, model, priority, key, results }: BatchFlags, isAwaited: boolean): string {
  const flags = Object.entries({ file, model, priority, key, results });
  const words = flags.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, quoted(value)]));
  return ['gollama', 'submit', 'batch', ...words, ...(isAwaited ? ['--sync'] : [])].join(' ');
}

function quoted(word: string): string {
  return /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
