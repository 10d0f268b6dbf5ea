/** Whatever a command threw, as what the user is told: the same words and the same exit code as text and as JSON. */
import { GollamaError, messageOf } from '../base/errors.js';

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
  return { code: 'usage', message: message.trim(), hint: help, exitCode };
}

/** oclif's own errors carry `oclif.exit`. */
function oclifExitCode(thrown: unknown): number | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('oclif' in thrown)) return undefined;
  const { oclif } = thrown;
  if (typeof oclif !== 'object' || oclif === null || !('exit' in oclif)) return undefined;
  return typeof oclif.exit === 'number' ? oclif.exit : undefined;
}
