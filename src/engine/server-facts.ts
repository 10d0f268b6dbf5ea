/** What a running server tells of itself: whether it is ready, its slots, its models. */
import { messageOf } from '../base/errors.js';
import type { HttpUpstream, Probe } from './http-upstream.js';
import { contextTokensOf, modelsOf, slotsOf } from './self-portrait.js';

export type ServerFacts =
  | {
      readonly state: 'down';
      readonly problem: string;
      /** True where nothing listens, false where it is only silent. */
      readonly refused: boolean;
    }
  | { readonly state: 'loading' }
  | {
      readonly state: 'ready';
      /** Undefined where it does not tell: it is no llama-server. */
      readonly slots: number | undefined;
      readonly contextTokens: number | undefined;
      readonly models: readonly string[];
    };

export const PROBE_TIMEOUT_MS = 5_000;

/** Asks `/health`, `/props` and `/v1/models`. Never rejects. */
export async function readServerFacts(upstream: HttpUpstream, signal: AbortSignal): Promise<ServerFacts> {
  const options = { timeoutMs: PROBE_TIMEOUT_MS, signal };
  try {
    const health = await upstream.getJson('/health', options);
    if (health.status === 503) return { state: 'loading' };
    if (health.status >= 500) return { state: 'down', problem: `/health answers ${health.status}`, refused: false };
    const [props, models] = await Promise.all([
      upstream.getJson('/props', options),
      upstream.getJson('/v1/models', options),
    ]);
    const page = bodyOf(props);
    const contextTokens = contextTokensOf(page);
    return { state: 'ready', slots: slotsOf(page), contextTokens, models: modelsOf(bodyOf(models)) };
  } catch (error) {
    return noAnswer(error);
  }
}

/** What it means that a probe was rejected. */
export function noAnswer(error: unknown): ServerFacts {
  const cause = (error as { code?: string }).code;
  return { state: 'down', problem: `no answer (${cause ?? messageOf(error)})`, refused: cause === 'ECONNREFUSED' };
}

/** Undefined where the page is not there, or wants a key that we do not have. */
function bodyOf({ status, body }: Probe): unknown {
  return status === 200 ? body : undefined;
}
