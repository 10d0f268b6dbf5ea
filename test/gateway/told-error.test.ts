import { describe, expect, it } from 'vitest';
import { GollamaError } from '../../src/base/errors.js';
import { toldError } from '../../src/gateway/told-error.js';

describe('an error that a caller is told', () => {
  const error = new GollamaError('engine_unavailable', 'no answer of http://10.0.0.5:8000', { retryAfterS: 3 });

  it('has no places but for admins, and all else of it', () => {
    expect(toldError(error, { admin: true })).toBe(error);
    const told = toldError(error, { admin: false });
    expect([told.message, told.code, told.retryAfterS]).toEqual(['no answer of [address]', 'engine_unavailable', 3]);
    expect(told.cause).toBe(error);
  });

  it('keeps the words of the caller', () => {
    const own = new GollamaError('model_not_found', "the model '/models/a.gguf' does not exist");
    expect(toldError(own, { admin: false })).toBe(own);
  });
});
