import { describe, expect, it } from 'vitest';
import { type Reading, RequestReader } from '../../../bench/mock/request-reader.js';
import { seededRandom } from '../../../src/base/random.js';

function post(path: string, body: string, headers = ''): string {
  return `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`;
}

function read(text: string): Reading {
  const reader = new RequestReader();
  reader.feed(Buffer.from(text));
  return reader.next();
}

describe('a request reader', () => {
  it('reads one request after the other, however the bytes are cut', () => {
    const seed = 7;
    const random = seededRandom(seed);
    const bodies = ['{"a":1}', '', 'ü'.repeat(500), '{}'];
    const bytes = Buffer.from(bodies.map((body, at) => post(`/p${at}?q=1`, body)).join(''));
    for (let trial = 0; trial < 50; trial += 1) {
      const reader = new RequestReader();
      const seen: string[] = [];
      for (let at = 0; at < bytes.length; ) {
        const end = at + 1 + Math.floor(random() * 60);
        reader.feed(bytes.subarray(at, end));
        at = end;
        for (let reading = reader.next(); reading.kind !== 'more'; reading = reader.next()) {
          if (reading.kind === 'refused') throw new Error(`seed ${seed}: refused`);
          seen.push(`${reading.request.method} ${reading.request.path} ${reading.request.body}`);
        }
      }
      expect(seen, `seed ${seed}`).toEqual(bodies.map((body, at) => `POST /p${at} ${body}`));
    }
  });

  it.each([
    ['HTTP/1.1 keeps the connection', '1.1', '', false],
    ['HTTP/1.1 may close it', '1.1', 'Connection: Close\r\n', true],
    ['HTTP/1.0 closes it', '1.0', '', true],
    ['HTTP/1.0 may keep it', '1.0', 'connection: keep-alive\r\n', false],
  ])('knows whether %s', (_what, version, headers, closes) => {
    const reading = read(`GET / HTTP/${version}\r\n${headers}\r\n`);
    expect(reading).toMatchObject({ kind: 'request', request: { method: 'GET', path: '/', closes } });
  });

  it.each([
    [400, 'what is no HTTP', 'hello\r\n\r\n'],
    [400, 'a length that is no number', 'POST / HTTP/1.1\r\ncontent-length: x\r\n\r\n'],
    [411, 'a chunked body', 'POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n'],
    [413, 'a body that is too long', 'POST / HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n'],
    [431, 'a head that does not end', `GET / HTTP/1.1\r\nx: ${'y'.repeat(70_000)}`],
  ])('refuses with %d %s', (status, _what, text) => {
    expect(read(text)).toEqual({ kind: 'refused', status });
  });
});
