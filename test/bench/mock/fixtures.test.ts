/** Every fixture played to the client of the bench: what it makes of it. */
import { afterEach, describe, expect, it } from 'vitest';
import { FIXTURES } from '../../../bench/mock/fixtures.js';
import { MockServer } from '../../../bench/mock/server.js';
import type { RequestRecord } from '../../../bench/record.js';
import { RequestClient } from '../../../bench/request-client.js';
import { type Clock, systemClock } from '../../../src/base/clock.js';
import { atEnd, endAll } from '../../support/ending.js';

afterEach(endAll);

/** The order of the steps without the waits between them. */
const hastyClock: Clock = {
  ...systemClock,
  after(_delayMs, run) {
    const handle = setImmediate(run);
    return { cancel: () => clearImmediate(handle) };
  },
};

async function play(name: string): Promise<RequestRecord> {
  const { script } = FIXTURES[name]!;
  const mock = new MockServer(
    {
      host: '127.0.0.1',
      port: 0,
      tokensPerSecond: 50,
      ttftMs: 0,
      tokens: 0,
      tokensPerChunk: 1,
      chunkBytes: 0,
      stamps: false,
      script,
    },
    { clock: hastyClock, stampUs: () => 0 },
  );
  atEnd(() => mock.stop());
  await mock.start();
  const client = new RequestClient({
    target: { baseUrl: mock.url, endpoint: 'chat', model: 'm', stream: true, apiKey: undefined, headers: {} },
    settings: {
      maxTokens: 9,
      temperature: 0,
      ignoreEos: false,
      extraBody: {},
      firstTokenTimeoutMs: 10_000,
      idleTimeoutMs: 10_000,
      totalTimeoutMs: 10_000,
      saveText: true,
    },
    clock: systemClock,
    startedAtMs: systemClock.now(),
    worker: 0,
  });
  atEnd(() => client.close());
  const item = { messages: [{ role: 'user', content: 'x' }], maxTokens: 9 };
  return client.send({ index: 0, item, scheduledMs: 0 }, new AbortController().signal);
}

/** Name, chunks with tokens, completion tokens, their source, class of the error, text. */
const OUTCOMES: [string, number, number | null, string | null, string | null, string][] = [
  ['plain', 2, 2, 'usage', null, 'ab'],
  ['reasoning', 6, 9, 'usage', null, 'abc def g hi'],
  ['tool-call', 2, 2, 'usage', null, ''],
  ['usage-everywhere', 2, 2, 'usage', null, 'ab'],
  ['no-usage', 2, 2, 'chunks', null, 'ab'],
  ['no-done', 2, 2, 'usage', null, 'ab'],
  ['held-open', 2, 2, 'usage', null, 'ab'],
  ['comments', 2, 2, 'usage', null, 'ab'],
  ['no-space', 2, 2, 'usage', null, 'ab'],
  ['crlf', 2, 2, 'usage', null, 'ab'],
  ['split-event', 2, 2, 'usage', null, 'ab'],
  ['split-utf8', 2, 2, 'usage', null, 'aü'],
  ['one-read', 4, 2, 'usage', null, 'abab'],
  ['stream-error', 1, 1, 'chunks', 'stream_error', 'a'],
  ['json-answer', 0, null, null, 'not_sse', ''],
  ['truncated', 2, 2, 'chunks', 'truncated', 'ab'],
  ['cut', 2, 2, 'chunks', 'truncated', 'ab'],
  ['empty', 0, 0, 'usage', 'empty', ''],
  ['html', 0, null, null, 'not_sse', ''],
  ['503', 0, null, null, 'http_5xx', ''],
  ['429', 0, null, null, 'http_429', ''],
  ['no-stream-options', 2, 2, 'chunks', null, 'ab'],
];

describe('a fixture', () => {
  it('is in this table', () => {
    expect(OUTCOMES.map(([name]) => name).sort()).toEqual(Object.keys(FIXTURES).sort());
  });

  it.each(OUTCOMES)('%s is seen for what it is', async (name, chunks, completion, source, errorClass, text) => {
    const record = await play(name);
    expect(record).toMatchObject({ chunks, tokens: { completion, source }, errorClass, ok: errorClass === null, text });
    expect(record.attempts).toBe(name === 'no-stream-options' ? 2 : 1);
  });
});
