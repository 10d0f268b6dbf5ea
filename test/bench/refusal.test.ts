import { describe, expect, it } from 'vitest';
import type { RequestRecord } from '../../bench/record.js';
import { RefusalWatch } from '../../bench/refusal.js';
import { recordFixture } from './support/record-fixture.js';

function codeOf(...records: readonly Partial<RequestRecord>[]): string {
  const target = {
    baseUrl: 'http://host',
    endpoint: 'chat' as const,
    model: 'm',
    stream: true,
    apiKey: undefined,
    headers: {},
  };
  const watch = new RefusalWatch(target);
  for (const record of records) watch.add(recordFixture(record));
  try {
    watch.check();
  } catch (error) {
    return String((error as { code?: unknown }).code);
  }
  return 'none';
}

describe('a refusal', () => {
  it.each<[Partial<RequestRecord>[], string]>([
    [[], 'none'],
    [[{ status: 401 }], 'unauthorized'],
    [[{ status: 403 }, { status: 403 }], 'unauthorized'],
    [[{ status: 404, error: 'HTTP 404: model "x" not found' }], 'model_not_found'],
    [[{ status: 404, error: 'HTTP 404: File Not Found' }], 'not_found'],
    [[{ status: 401 }, { status: 200 }], 'none'],
    [[{ status: 503 }], 'none'],
    [[{ status: null, incomplete: true }], 'none'],
  ])('of %j is: %s', (records, code) => {
    expect(codeOf(...records)).toBe(code);
  });
});
