/** The flags that every `gollama submit` shares, and what they mean for the task. */

import { looksLikeForgottenUnit, parseDurationMs } from '../base/duration.js';
import { GollamaError } from '../base/errors.js';
import type { NewTask } from '../client/new-task.js';
import { parsePriority } from '../protocol/priority.js';
import { parseRfc3339 } from '../protocol/rfc3339.js';
import { Flags } from './oclif.js';
import { REFERENCE_FLAGS } from './reference-flags.js';

export const SUBMIT_FLAGS = {
  ...REFERENCE_FLAGS,
  model: Flags.string({ char: 'm', required: true, description: 'the model that shall answer' }),
  priority: Flags.string({
    helpValue: 'NAME|N',
    default: 'normal',
    description: 'low, normal, high, critical, or any integer; higher goes first',
  }),
  'max-retries': Flags.integer({ min: 0, description: 'tries after the first [default: as the server is configured]' }),
  delay: Flags.string({ helpValue: '30s', exclusive: ['at'], description: 'start that much later' }),
  at: Flags.string({ helpValue: 'RFC3339', description: 'start then: 2026-11-20T15:00:00Z' }),
  key: Flags.string({ helpValue: 'KEY', description: 'idempotency key: the same key again is the same task again' }),
  webhook: Flags.string({ helpValue: 'URL', description: 'tell its end there' }),
  option: Flags.string({
    multiple: true,
    multipleNonGreedy: true,
    helpValue: 'K=V',
    description: 'option of the model, such as temperature=0.2; the value is JSON where it reads as JSON',
  }),
  wait: Flags.boolean({ description: 'wait for the answer and print it instead of the id' }),
  stream: Flags.boolean({ description: 'print the answer while it comes' }),
  timeout: Flags.string({ helpValue: '5m', description: 'of --wait and --stream; exit code 10' }),
  output: Flags.string({ options: ['json', 'text'], description: 'tell more than the id' }),
};

export interface SubmitFlags {
  readonly priority: string;
  readonly 'max-retries'?: number | undefined;
  readonly delay?: string | undefined;
  readonly at?: string | undefined;
  readonly key?: string | undefined;
  readonly webhook?: string | undefined;
  readonly option?: readonly string[] | undefined;
  readonly wait: boolean;
  readonly stream: boolean;
  readonly timeout?: string | undefined;
  readonly output?: string | undefined;
}

/** The members of the task that the flags stand for. Throws `usage`. */
export function taskMembers(flags: SubmitFlags): Omit<NewTask, 'type' | 'model' | 'payload'> {
  if (flags.delay !== undefined) durationOf('delay', flags.delay);
  return {
    options: flags.option && optionsOf(flags.option),
    priority: priorityOf('--priority', flags.priority),
    max_retries: flags['max-retries'],
    delay: flags.delay,
    scheduled_at: flags.at === undefined ? undefined : timeOf(flags.at),
    webhook: flags.webhook === undefined ? undefined : webUrlOf(flags.webhook),
    idempotency_key: flags.key,
  };
}

/** Milliseconds; undefined where nothing is limited. Throws `usage`. */
export function timeoutOf(flags: Pick<SubmitFlags, 'wait' | 'stream' | 'timeout'>): number | undefined {
  if (flags.timeout === undefined) return undefined;
  if (flags.wait || flags.stream) return durationOf('timeout', flags.timeout);
  throw new GollamaError('usage', '--timeout is for --wait and --stream');
}

/** Throws `usage`; `what` begins the message. */
export function priorityOf(what: string, text: string): number {
  const priority = parsePriority(text);
  if (priority !== undefined) return priority;
  throw new GollamaError('usage', `${what}: "${text}" is no priority`, {
    hint: 'low (1), normal (5), high (10), critical (15), or any integer',
  });
}

/** Milliseconds. Throws `usage`. */
export function durationOf(flag: string, text: string): number {
  const durationMs = parseDurationMs(text);
  if (durationMs !== undefined && durationMs >= 0 && !looksLikeForgottenUnit(text)) return durationMs;
  throw new GollamaError('usage', `--${flag}: "${text}" is no duration`, {
    hint: 'write it with its unit: 30s, 5m, 1h30m',
  });
}

function timeOf(text: string): string {
  if (parseRfc3339(text) !== undefined) return text;
  throw new GollamaError('usage', `--at: "${text}" is no time`, {
    hint: 'write it as 2026-11-20T15:00:00Z, or use --delay',
  });
}

function webUrlOf(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new GollamaError('usage', `--webhook: "${text}" is no web address`, {
    hint: 'it begins with http:// or https://',
  });
}

function optionsOf(texts: readonly string[]): Record<string, unknown> {
  const entries = texts.map((text): [string, unknown] => {
    const equals = text.indexOf('=');
    if (equals > 0) return [text.slice(0, equals), jsonOrText(text.slice(equals + 1))];
    throw new GollamaError('usage', `--option: "${text}" has no value`, { hint: 'write it as name=value' });
  });
  return Object.fromEntries(entries);
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
