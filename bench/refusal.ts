/** Servers that list their models to anybody and then want a key, or a model that they have: no figure of theirs means anything. */
import { GollamaError } from '../src/base/errors.js';
import type { Target } from './plan.js';
import type { RequestRecord } from './record.js';

export class RefusalWatch {
  readonly #target: Target;
  #refusal: GollamaError | undefined;
  #isAnswered = false;

  constructor(target: Target) {
    this.#target = target;
  }

  add(record: RequestRecord): void {
    const refusal = refusalOf(record, this.#target);
    if (refusal === undefined) this.#isAnswered = true;
    else this.#refusal ??= refusal;
  }

  /** Throws `unauthorized`, `model_not_found` or `not_found` where every request so far was refused for such a reason. */
  check(): void {
    if (this.#refusal !== undefined && !this.#isAnswered) throw this.#refusal;
  }
}

function refusalOf({ status, error }: RequestRecord, { baseUrl, model }: Target): GollamaError | undefined {
  const told = error ?? '';
  if (status === 401 || status === 403) {
    return new GollamaError('unauthorized', `${baseUrl} wants an API key, or another one: ${told}`, {
      hint: 'put the key into a variable and name that with --api-key-env',
    });
  }
  if (status !== 404) return undefined;
  if (!/model/i.test(told)) return new GollamaError('not_found', `${baseUrl} does not offer this endpoint: ${told}`);
  return new GollamaError('model_not_found', `${baseUrl} has no model ${model}: ${told}`, {
    hint: `${baseUrl}/v1/models lists what it has`,
  });
}
