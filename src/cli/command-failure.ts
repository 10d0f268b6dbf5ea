/** Whatever a command threw, as what the user is told: the same words and the same exit code as text and as JSON. */
import { GollamaError, messageOf } from '../base/errors.js';
import { nearest } from '../base/nearest.js';

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
  const exitCode = oclifExitCode(thrown);
  if (exitCode !== 2) return { code: 'internal', message: messageOf(thrown), hint: help, exitCode: exitCode ?? 1 };
  // oclif spreads a usage error over several lines, and ends it with a word on --help.
  const message = messageOf(thrown)
    .replace(/\s*See more help with --help\s*$/, '')
    .replace(/^The following errors? occurred:\s*/, '')
    .replace(/^Parsing (--\S+)\s+E/, '$1: e')
    .replace(/\s*\n\s*/g, ' ');
  const flag = likelyFlag(thrown);
  const hint = flag === undefined ? help : `did you mean "--${flag}"? ${help}`;
  return { code: 'usage', message: message.trim(), hint, exitCode };
}

/** What the first of the flags that there are not most likely means. oclif's error knows them, and those that there are. */
function likelyFlag(thrown: unknown): string | undefined {
  const { flags, parse } = thrown as { flags?: unknown; parse?: { input?: { flags?: unknown } } };
  const known = parse?.input?.flags;
  if (!Array.isArray(flags) || typeof known !== 'object' || known === null) return undefined;
  const typed = String(flags[0]).replace(/^--/, '');
  return typed.startsWith('-') ? undefined : nearest(typed, Object.keys(known));
}

/** oclif's own errors carry `oclif.exit`. */
function oclifExitCode(thrown: unknown): number | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('oclif' in thrown)) return undefined;
  const { oclif } = thrown;
  if (typeof oclif !== 'object' || oclif === null || !('exit' in oclif)) return undefined;
  return typeof oclif.exit === 'number' ? oclif.exit : undefined;
}
