import { describe, expect, it } from 'vitest';
import { GollamaError } from '../../src/base/errors.js';
import { errorEnvelope } from '../../src/protocol/error.js';

describe('the error envelope', () => {
  it('has the four fields that OpenAI clients read, and nothing else', () => {
    const error = new GollamaError('model_not_found', 'no such model', {
      param: 'model',
      hint: 'gollama status',
      cause: new Error('secret'),
    });
    expect(errorEnvelope(error)).toEqual({
      error: { message: 'no such model', type: 'invalid_request_error', param: 'model', code: 'model_not_found' },
    });
    expect(errorEnvelope(new GollamaError('internal', 'no')).error.param).toBeNull();
  });
});
