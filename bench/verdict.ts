/** What a run comes to, and the exit code that says so: a failed gate beats a regression, which beats inconclusive. */
import type { BenchResult, ClientReport, Comparison, GateOutcome } from './result.js';

export interface VerdictEvidence {
  /** False where the run was interrupted. */
  readonly complete: boolean;
  readonly gates: readonly GateOutcome[];
  readonly comparison: Comparison | null;
  readonly client: Pick<ClientReport, 'saturated' | 'reasons'>;
  /** A client at its limit makes the run inconclusive. */
  readonly strictClient?: boolean | undefined;
  /** What to make of an inconclusive run; undefined: its own exit code. */
  readonly inconclusiveAs?: 'pass' | 'fail' | undefined;
}

/** As `gollama help exit-codes` has them. */
const EXIT_CODES = {
  pass: 0,
  fail: 7,
  regression: 8,
  inconclusive: 9,
  interrupted: 130,
} as const satisfies Record<BenchResult['verdict']['status'], number>;

/**
 * 1. interrupted: 130, whatever was seen until then. 2. A gate failed: 7. 3. A regression: 8. 4. A gate or the comparison is
 * inconclusive, or the client was at its limit and that matters: 9. 5. Else 0. `reason` is null where the gates tell it.
 */
export function verdictOf(evidence: VerdictEvidence): BenchResult['verdict'] {
  if (!evidence.complete) return verdict('interrupted', null);
  const failed = evidence.gates.filter(({ status }) => status === 'fail');
  if (failed.length > 0) return verdict('fail', failed.find(({ expr }) => GENERAL.has(expr))?.reason ?? null);
  if (evidence.comparison?.status === 'regression') return verdict('regression', null);
  const doubt = doubtOf(evidence);
  if (doubt === undefined) return verdict('pass', null);
  const { exit_code } = verdict(evidence.inconclusiveAs ?? 'inconclusive', null);
  return { status: 'inconclusive', exit_code, reason: doubt };
}

/** Gates that nobody has to ask for. */
const GENERAL: ReadonlySet<string> = new Set(['requests.successful>0', 'tokens.completion>0']);

function doubtOf({ gates, comparison, client, strictClient }: VerdictEvidence): string | undefined {
  if (strictClient && client.saturated)
    return ['client saturated', client.reasons.join(', ')].filter(Boolean).join(': ');
  const open = gates.filter(({ status }) => status === 'inconclusive').length;
  if (open > 0) return `${open} of ${gates.length} gate${gates.length === 1 ? '' : 's'} could not be judged`;
  if (comparison?.status !== 'inconclusive') return undefined;
  return comparison.guards[0] ?? 'the comparison is inconclusive';
}

function verdict(status: BenchResult['verdict']['status'], reason: string | null): BenchResult['verdict'] {
  return { status, exit_code: EXIT_CODES[status], reason };
}
