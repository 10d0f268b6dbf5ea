/** What every exit code means. Which error ends with which stands in the table of errors. */
import { ERROR_CODES } from '../base/errors.js';

export interface ExitCode {
  readonly exitCode: number;
  readonly meaning: string;
  /** `error.code` of what ends so, as --json tells it. */
  readonly errors: readonly string[];
}

const MEANINGS: Readonly<Record<number, string>> = {
  0: 'ok',
  1: 'the work failed',
  2: 'usage',
  3: 'server or target unreachable or not ready',
  4: 'configuration or environment',
  5: 'not found',
  6: 'refused (queue full, not authorised)',
  7: 'bench: a gate failed',
  8: 'bench: regression confirmed',
  9: 'bench: inconclusive',
  10: '--wait timed out',
  127: 'unknown command',
  130: 'Ctrl+C (servers: 0)',
  143: 'terminated (servers: 0)',
};

export function exitCodes(): ExitCode[] {
  return Object.entries(MEANINGS).map(([number, meaning]) => {
    const exitCode = Number(number);
    const errors = Object.entries(ERROR_CODES).flatMap(([code, error]) => (error.exitCode === exitCode ? [code] : []));
    return { exitCode, meaning, errors };
  });
}
