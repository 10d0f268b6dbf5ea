import { describe, expect, it } from 'vitest';
import { GollamaError } from '../../../src/base/errors.js';
import { failureOf, taskFailure } from '../../../src/gateway/ollama/failure.js';

describe('a failure', () => {
  it('has the status and the words of Ollama', () => {
    expect(failureOf(new GollamaError('model_not_found', 'x'), 'm')).toEqual({
      status: 404,
      text: 'model "m" not found, try pulling it first',
    });
    expect(failureOf(new GollamaError('queue_full', 'x', { retryAfterS: 3 }), 'm')).toEqual({
      status: 503,
      text: 'server busy, please try again.  maximum pending requests exceeded',
      retryAfterS: 3,
    });
    expect(failureOf(new GollamaError('queue_timeout', 'too long'), 'm').status).toBe(503);
    expect(failureOf(new GollamaError('invalid_request', 'no'), 'm')).toEqual({ status: 400, text: 'no' });
  });

  it.each([
    ['chat execution failed: ollama: request failed with status 400: bad option', 400, 'bad option'],
    ['chat execution failed: my: engine: request failed with status 500: a\nb', 500, 'a\nb'],
    [
      'embed execution failed: e: request failed with status 503',
      503,
      'embed execution failed: e: request failed with status 503',
    ],
    ['chat execution failed: e: request failed with status 401: bad key', 502, 'bad key'],
    ['chat execution failed: e: the engine hung up', 502, 'e: the engine hung up'],
    ['something else', 502, 'something else'],
  ])('of a task is that of its engine: %s', (message, status, text) => {
    expect(taskFailure(message)).toEqual({ status, text });
  });
});
