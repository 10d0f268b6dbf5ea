/** An engine that is a running Ollama server, by its URL. Its own paths (`/api/chat` …) and its `/v1` are both passed on. */
import { isJsonObject } from '../protocol/json-object.js';
import type { HttpUpstream } from './http-upstream.js';
import { RemoteEngine, type RemoteEngineOptions, type RemoteEngineParts } from './remote-engine.js';
import { noAnswer, PROBE_TIMEOUT_MS, type ServerFacts } from './server-facts.js';

export interface OllamaOptions extends Pick<RemoteEngineOptions, 'name' | 'baseUrl' | 'apiKey'> {
  /** Requests at once; Ollama does not tell. */
  readonly slots: number;
  /** Longest time of one call without a byte from the server, loading the model included; 0 = no limit. */
  readonly timeoutMs: number;
}

export class OllamaEngine extends RemoteEngine {
  constructor({ name, baseUrl, slots, timeoutMs, apiKey }: OllamaOptions, parts: RemoteEngineParts) {
    super({ kind: 'ollama', name, baseUrl, apiKey, slots, idleTimeoutMs: timeoutMs, look: readOllamaFacts }, parts);
  }
}

/** Asks `/api/version` and `/api/tags`. Never rejects. */
async function readOllamaFacts(upstream: HttpUpstream, signal: AbortSignal): Promise<ServerFacts> {
  const options = { timeoutMs: PROBE_TIMEOUT_MS, signal };
  try {
    const version = await upstream.getJson('/api/version', options);
    if (version.status !== 200) {
      return { state: 'down', problem: `/api/version answers ${version.status}`, refused: false };
    }
    const tags = await upstream.getJson('/api/tags', options);
    const models = tags.status === 200 ? taggedModels(tags.body) : [];
    // Each of its models has a context of its own, which depends on the request that loads it.
    return { state: 'ready', slots: undefined, contextTokens: undefined, models };
  } catch (error) {
    return noAnswer(error);
  }
}

const DEFAULT_TAG = ':latest';

/** `models[].name` of `GET /api/tags`; Ollama answers to a name without a tag as to the one with `:latest`. */
function taggedModels(tags: unknown): string[] {
  const models = isJsonObject(tags) && Array.isArray(tags.models) ? tags.models : [];
  const names = models.flatMap((model: unknown) => {
    const name = isJsonObject(model) ? (model.name ?? model.model) : undefined;
    if (typeof name !== 'string' || name === '') return [];
    return name.endsWith(DEFAULT_TAG) ? [name, name.slice(0, -DEFAULT_TAG.length)] : [name];
  });
  return [...new Set(names)];
}
