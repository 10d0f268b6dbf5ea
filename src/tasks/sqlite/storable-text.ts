/**
 * Texts that come back from the tables as they went in. A NUL ends a text for some bindings, and half of a surrogate pair
 * has no form in UTF-8: such a name would be another one after the next start.
 */
import { GollamaError } from '../../base/errors.js';
import type { NewTask } from '../task-store.js';

const UNSTORABLE = /\0|\p{Surrogate}/u;
const ALL_UNSTORABLE = /\0|\p{Surrogate}/gu;

/** Throws `invalid_request`. */
export function assertStorable({ owner, model, givenId, idempotencyKey }: NewTask): void {
  for (const [param, text] of Object.entries({ owner, model, id: givenId, idempotency_key: idempotencyKey })) {
    if (text !== undefined && UNSTORABLE.test(text))
      throw new GollamaError('invalid_request', `${param} has characters that cannot be stored`, { param });
  }
}

/** For texts that people read. */
export function storable(text: string): string {
  return UNSTORABLE.test(text) ? text.replace(ALL_UNSTORABLE, '\u{fffd}') : text;
}
