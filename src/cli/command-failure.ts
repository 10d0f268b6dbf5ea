/** Whatever a command threw, as what the user is told: the same words and the same exit code as text and as JSON. */
import { ERROR_CODES, GollamaError, messageOf } from '../base/errors.js';
import { nearest } from '../base/nearest.js';
import { usageMessage } from './usage-message.js';

export interface CommandFailure {
  readonly code: string;
  /** One line, but for a list of problems, which is one line each. */
  readonly message: string;
  readonly hint: string;
  readonly exitCode: number;
}

/** `commandLine` is what the user typed to get here, without arguments: `gollama config check`. */
export function toFailure(thrown: unknown, commandLine: string): CommandFailure {
  const help = `see: ${commandLine} --help`;
  if (thrown instanceof GollamaError) {
    const { code, message, hint, exitCode } = thrown;
    return { code, message, hint: hint ?? help, exitCode };
  }
  // Of oclif's own errors a command meets those of the command line alone; not all of them carry that exit code.
  if (!isOfOclif(thrown)) {
    return { code: 'internal', message: messageOf(thrown), hint: help, exitCode: ERROR_CODES.internal.exitCode };
  }
  const flag = likelyFlag(thrown);
  const hint = flag === undefined ? help : `did you mean "--${flag}"? ${help}`;
  return { code: 'usage', message: usageMessage(messageOf(thrown)), hint, exitCode: ERROR_CODES.usage.exitCode };
}

/** What the first of the flags that there are not most likely means. oclif's error knows them, and those that there are. */
function likelyFlag(thrown: unknown): string | undefined {
  const { flags, parse } = thrown as { flags?: unknown; parse?: { input?: { flags?: unknown } } };
  const known = parse?.input?.flags;
  if (!Array.isArray(flags) || typeof known !== 'object' || known === null) return undefined;
  const typed = String(flags[0]).replace(/^--/, '');
  return typed.startsWith('-') ? undefined : nearest(typed, Object.keys(known));
}

function isOfOclif(thrown: unknown): boolean {
  return typeof thrown === 'object' && thrown !== null && 'oclif' in thrown;
}
