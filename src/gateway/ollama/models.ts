/**
 * The models of the pool, as Ollama tells them. Of their files nothing is known here: sizes are 0, digests empty. Engines
 * keep their models, so each is loaded, for as long as anybody can say.
 */
import { GollamaError } from '../../base/errors.js';
import type { Pool } from '../../pool/pool.js';
import type { OllamaLoadedModel, OllamaModelCard, OllamaModelDetails, OllamaModelPage } from '../../protocol/ollama.js';

/** The version of Ollama whose API this is: clients look whether it is new enough for them. */
export const OLLAMA_VERSION = '0.12.6';

const DETAILS: OllamaModelDetails = {
  parent_model: '',
  format: 'gguf',
  family: '',
  families: [],
  parameter_size: '',
  quantization_level: '',
};

/** What `ollama ps` shows as "Forever". */
const FOREVER = '2318-01-01T00:00:00Z';
const LATEST = ':latest';

/**
 * The name by which a model is served here: Ollama's clients may leave out `:latest`, or add it. Throws `model_not_found`,
 * and `engine_unavailable` where nobody can answer for it now.
 */
export function servedName(pool: Pool, model: string): string {
  const other = model.endsWith(LATEST) ? model.slice(0, -LATEST.length) : `${model}${LATEST}`;
  const name = !pool.serves(model) && pool.serves(other) ? other : model;
  const route = pool.route(name);
  if (pool.outlook(route) === 'down') {
    throw new GollamaError('engine_unavailable', `no engine can answer for '${model}': ${pool.problem(route)}`);
  }
  return name;
}

/** True where an Ollama serves the model, which loads and unloads it itself. */
export function loadsItself(pool: Pool, name: string): boolean {
  const route = pool.route(name);
  return pool.members.some((member) => member.engine.kind === 'ollama' && pool.isOn(route, member));
}

export function tags(pool: Pool, modifiedAt: string): { models: OllamaModelCard[] } {
  return { models: pool.models().map(({ name }) => ({ ...card(name), modified_at: modifiedAt })) };
}

export function running(pool: Pool): { models: OllamaLoadedModel[] } {
  const loaded = pool.models().filter(({ engine }) => engine.status.state === 'ready');
  return { models: loaded.map(({ name }) => ({ ...card(name), expires_at: FOREVER, size_vram: 0 })) };
}

/** Throws `model_not_found`. */
export function page(pool: Pool, model: string, modifiedAt: string): OllamaModelPage {
  servedName(pool, model);
  return {
    modelfile: `FROM ${model}\n`,
    parameters: '',
    template: '',
    details: DETAILS,
    model_info: {},
    // Which of them can do more nobody here knows; tools are passed on to all.
    capabilities: ['completion', 'tools'],
    modified_at: modifiedAt,
  };
}

function card(name: string): OllamaModelCard {
  return { name, model: name, size: 0, digest: '', details: DETAILS };
}
