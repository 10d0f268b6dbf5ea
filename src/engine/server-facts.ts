/** What a running server tells of itself: whether it is ready, its slots, its models. */
import { messageOf } from '../base/errors.js';
import type { HttpUpstream, Probe } from './http-upstream.js';

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
      readonly models: readonly string[];
    };

const PROBE_TIMEOUT_MS = 5_000;

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
    return { state: 'ready', slots: totalSlots(props), models: modelIds(models) };
  } catch (error) {
    const cause = (error as { code?: string }).code;
    return { state: 'down', problem: `no answer (${cause ?? messageOf(error)})`, refused: cause === 'ECONNREFUSED' };
  }
}

/** `total_slots` of llama-server's `/props`. */
function totalSlots(props: Probe): number | undefined {
  const slots = (props.body as { total_slots?: unknown } | null)?.total_slots;
  return props.status === 200 && typeof slots === 'number' && slots > 0 ? slots : undefined;
}

/** The ids of an OpenAI model list; none where there is no such list, or it wants a key that we do not have. */
function modelIds(models: Probe): string[] {
  const data = (models.body as { data?: unknown } | null)?.data;
  if (models.status !== 200 || !Array.isArray(data)) return [];
  return data.map((model: { id?: unknown } | null) => model?.id).filter((id): id is string => typeof id === 'string');
}
