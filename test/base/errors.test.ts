import { describe, expect, it } from 'vitest';
import { ERROR_CODES, type ErrorCode, GollamaError, messageOf, toGollamaError } from '../../src/base/errors.js';

describe('the table of errors', () => {
  it.each(Object.entries(ERROR_CODES))('gives %s a status, a type and an exit code that exist', (_code, meaning) => {
    expect(meaning.status).toBeGreaterThanOrEqual(400);
    expect(meaning.status).toBeLessThan(600);
    expect(meaning.type).toMatch(/^[a-z_]+_error$/);
    expect([1, 2, 3, 4, 5, 6, 10]).toContain(meaning.exitCode);
  });

  it.each<[ErrorCode, number]>([
    ['queue_timeout', 429],
    ['queue_full', 429],
    ['model_not_found', 404],
    ['engine_unavailable', 503],
    ['engine_error', 502],
    ['unauthorized', 401],
    ['forbidden', 403],
    ['body_too_large', 413],
    ['invalid_request', 400],
    ['storage_full', 507],
    ['shutting_down', 503],
  ])('says that %s is %i over HTTP', (code, status) => {
    expect(new GollamaError(code, '').status).toBe(status);
  });
});

describe('an error', () => {
  it('knows what it means', () => {
    const cause = new Error('below');
    const error = new GollamaError('queue_full', 'too many', { hint: 'wait', retryAfterS: 3, cause });
    expect(error).toMatchObject({
      name: 'GollamaError',
      status: 429,
      type: 'rate_limit_error',
      exitCode: 6,
      retryable: true,
      hint: 'wait',
      retryAfterS: 3,
      param: undefined,
      cause,
    });
    expect('cause' in new GollamaError('internal', 'x')).toBe(false);
  });

  it('is made of anything that was thrown, once', () => {
    const error = new GollamaError('engine_error', 'no');
    expect(toGollamaError(error)).toBe(error);
    const bug = new TypeError('a bug');
    expect(toGollamaError(bug)).toMatchObject({ code: 'internal', message: 'a bug', cause: bug });
    expect(toGollamaError('text')).toMatchObject({ code: 'internal', message: 'text' });
    expect(messageOf(undefined)).toBe('undefined');
  });
});
