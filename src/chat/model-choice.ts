/** Which of a server's models answers. Pure. */
import { GollamaError } from '../base/errors.js';
import { nearest } from '../base/nearest.js';
import type { EngineReport } from '../protocol/status.js';

export interface ModelChoice {
  readonly name: string;
  /** As the server says of its engine: `ready`, `starting` … */
  readonly state: string;
  /** Of one request; undefined where nobody tells. */
  readonly contextTokens: number | undefined;
}

/** For servers whose engines answer to every name and tell none. */
const ANY_MODEL = 'default';

/** The one that is wanted; without a wish, the first that is ready, or the first. Throws `model_not_found`. */
export function pickModel(models: readonly ModelChoice[], wanted: string | undefined): ModelChoice {
  const known = models.find(({ name }) => name === wanted);
  if (known) return known;
  if (models.length === 0) return { name: wanted ?? ANY_MODEL, state: 'unknown', contextTokens: undefined };
  if (wanted === undefined) return models.find(({ state }) => state === 'ready') ?? (models[0] as ModelChoice);
  const names = models.map(({ name }) => name);
  const meant = nearest(wanted, names) ?? names.find((name) => name.includes(wanted));
  throw new GollamaError('model_not_found', `there is no model "${wanted}"`, {
    hint: meant === undefined ? `there is: ${names.slice(0, 20).join(', ')}` : `did you mean ${meant}?`,
    param: 'model',
  });
}

/** By name; of several engines with one model, the best state and the smallest context: nobody knows which will answer. */
export function modelsOfEngines(engines: readonly EngineReport[]): readonly ModelChoice[] {
  const models = new Map<string, ModelChoice>();
  for (const { models: names, state, context_length: context } of engines) {
    for (const name of names) {
      models.set(name, merged(models.get(name), { name, state, contextTokens: context ?? undefined }));
    }
  }
  return [...models.values()];
}

function merged(known: ModelChoice | undefined, other: ModelChoice): ModelChoice {
  if (!known) return other;
  const contexts = [known.contextTokens, other.contextTokens].filter((tokens) => tokens !== undefined);
  return {
    name: known.name,
    state: known.state === 'ready' ? known.state : other.state,
    contextTokens: contexts.length === 0 ? undefined : Math.min(...contexts),
  };
}
