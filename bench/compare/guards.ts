/** Reasons why two sets of runs cannot be compared: pure rules. A comparison with one of them proves nothing. */
import type { Run } from './run.js';

const LENGTH_SHARE_MAX = 0.05;
const CACHED_SHARE_MAX = 0.05;
const CPU_SHARE_MAX = 0.2;

export function guardsOf(base: readonly Run[], head: readonly Run[]): string[] {
  return [
    ...differences(base, head),
    ...lengthDiffers(base, head),
    ...cacheDiffers(base, head),
    ...machineDiffers(base, head),
    ...unusable('base', base),
    ...unusable('head', head),
  ];
}

/** What must be the same in every run. */
const SAME: Readonly<Record<string, (run: Run) => unknown>> = {
  workload: ({ workload }) => workload.hash,
  model: ({ target }) => target.model,
  endpoint: ({ target }) => target.endpoint,
  streaming: ({ target }) => target.stream,
  'load mode': ({ load }) => load.mode,
  concurrency: ({ load }) => load.concurrency,
  rate: ({ load }) => load.rate_rps,
  arrival: ({ load }) => load.arrival,
  'counting of tokens': ({ tokens }) => (tokens.estimated ? 'estimated' : 'exact'),
};

function differences(base: readonly Run[], head: readonly Run[]): string[] {
  return Object.entries(SAME).flatMap(([name, read]) => {
    const values = [...new Set([...base, ...head].map((run) => String(read(run) ?? 'none')))];
    return values.length > 1 ? [`${name} differs: ${values.slice(0, 3).join(', ')}`] : [];
  });
}

function lengthDiffers(base: readonly Run[], head: readonly Run[]): string[] {
  const baseLength = perSuccess(base, ({ tokens }) => tokens.completion);
  const headLength = perSuccess(head, ({ tokens }) => tokens.completion);
  if (!baseLength || !headLength) return [];
  if (Math.abs(headLength / baseLength - 1) <= LENGTH_SHARE_MAX) return [];
  return [`answers differ in length: ${baseLength.toFixed(1)} and ${headLength.toFixed(1)} tokens on average`];
}

function cacheDiffers(base: readonly Run[], head: readonly Run[]): string[] {
  const [baseShare, headShare] = [cachedShare(base), cachedShare(head)];
  if (baseShare === null || headShare === null || Math.abs(headShare - baseShare) <= CACHED_SHARE_MAX) return [];
  return [`cached prompt tokens differ: ${percent(baseShare)} and ${percent(headShare)}`];
}

/** The score has a scale of its own in every version. */
function machineDiffers([base]: readonly Run[], [head]: readonly Run[]): string[] {
  const [baseScore, headScore] = [base?.env.cpu_score, head?.env.cpu_score];
  if (!baseScore || !headScore || base?.tool.version !== head?.tool.version) return [];
  if (Math.abs(headScore / baseScore - 1) <= CPU_SHARE_MAX) return [];
  return [`machines differ: CPU score ${baseScore.toFixed(2)} and ${headScore.toFixed(2)}`];
}

function unusable(name: string, runs: readonly Run[]): string[] {
  const reasons: string[] = [];
  if (runs.some(({ complete }) => !complete)) reasons.push(`a run of ${name} was interrupted`);
  const busy = runs.find(({ client }) => client.saturated);
  if (busy)
    reasons.push(
      [`the client was saturated in a run of ${name}`, busy.client.reasons.join(', ')].filter(Boolean).join(': '),
    );
  if (runs.some(({ requests }) => requests.successful === 0)) reasons.push(`no request of a run of ${name} succeeded`);
  return reasons;
}

function perSuccess(runs: readonly Run[], read: (run: Run) => number | null): number | null {
  const successes = runs.reduce((sum, { requests }) => sum + requests.successful, 0);
  const total = runs.reduce((sum, run) => sum + (read(run) ?? 0), 0);
  return successes === 0 ? null : total / successes;
}

function cachedShare(runs: readonly Run[]): number | null {
  let cached = 0;
  let prompt = 0;
  for (const { tokens } of runs) {
    if (tokens.cached_prompt === null || tokens.prompt === null) return null;
    cached += tokens.cached_prompt;
    prompt += tokens.prompt;
  }
  return prompt === 0 ? null : cached / prompt;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)}%`;
}
