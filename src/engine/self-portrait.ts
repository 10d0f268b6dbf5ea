/** What a server says of itself in the bodies of two of its pages. */
import { isJsonObject } from '../protocol/json-object.js';

/** `total_slots` of llama-server's `GET /props`; undefined where it is no such page. */
export function slotsOf(props: unknown): number | undefined {
  const slots = fieldOf(props, 'total_slots');
  return typeof slots === 'number' && Number.isInteger(slots) && slots > 0 ? slots : undefined;
}

/** Tokens in one slot: `default_generation_settings.n_ctx` of `GET /props`; undefined where it is no such page. */
export function contextTokensOf(props: unknown): number | undefined {
  const tokens = fieldOf(fieldOf(props, 'default_generation_settings'), 'n_ctx');
  return typeof tokens === 'number' && Number.isInteger(tokens) && tokens > 0 ? tokens : undefined;
}

/** `data[].id` and `data[].aliases` of `GET /v1/models`, each name once; none where there is no such list. */
export function modelsOf(models: unknown): string[] {
  const data = fieldOf(models, 'data');
  if (!Array.isArray(data)) return [];
  const names = data.flatMap((entry: unknown) => {
    const aliases = fieldOf(entry, 'aliases');
    return [fieldOf(entry, 'id'), ...(Array.isArray(aliases) ? aliases : [])];
  });
  return [...new Set(names.filter((name): name is string => typeof name === 'string' && name !== ''))];
}

function fieldOf(value: unknown, name: string): unknown {
  return isJsonObject(value) ? value[name] : undefined;
}
