/** An engine that already runs somewhere: any OpenAI-compatible server, by its URL. */
import { RemoteEngine, type RemoteEngineOptions, type RemoteEngineParts } from './remote-engine.js';
import { readServerFacts } from './server-facts.js';

export type OpenAiOptions = Pick<RemoteEngineOptions, 'name' | 'baseUrl' | 'apiKey' | 'slots'>;

export class OpenAiEngine extends RemoteEngine {
  constructor({ name, baseUrl, apiKey, slots }: OpenAiOptions, parts: RemoteEngineParts) {
    super({ kind: 'openai', name, baseUrl, apiKey, slots, look: readServerFacts }, parts);
  }
}
