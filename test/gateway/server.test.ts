import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.js';
import { GollamaError } from '../../src/base/errors.js';
import { Gateway, type GatewayOptions } from '../../src/gateway/server.js';
import { atEnd, endAll } from '../support/ending.js';
import { open, send } from '../support/http.js';
import { settled } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';

const KEY = {
  name: 'k',
  sha256: createHash('sha256').update('sk-1').digest('hex'),
  admin: true,
  maxPriority: undefined,
  maxConcurrency: undefined,
};
const OPTIONS: GatewayOptions = {
  clock: systemClock,
  address: { host: '127.0.0.1', port: 0, loopback: true },
  apiKeys: [],
  corsOrigins: [],
  maxBodyBytes: 1_000,
  headerTimeoutMs: 10_000,
  uploadTimeoutMs: 10_000,
};

afterEach(endAll);

async function start(options: Partial<GatewayOptions> = {}) {
  const { logger, lines } = recordingLogger();
  const bodies: Buffer[] = [];
  const gateway = new Gateway(
    { ...OPTIONS, ...options },
    [
      (server) => {
        server.get('/health', () => 'OK');
        server.get('/v1/models', (request) => ({ caller: request.caller.name }));
        server.get('/broken', () => Promise.reject(new TypeError('a bug')));
        server.get('/busy', () => Promise.reject(new GollamaError('queue_full', 'too many', { retryAfterS: 9 })));
        server.post('/v1/chat/completions', (request) => {
          bodies.push(request.body as Buffer);
          return { bytes: (request.body as Buffer | undefined)?.length ?? null };
        });
        server.post('/v1/stream', (_request, reply) => {
          reply.hijack();
          reply.raw.writeHead(200, { 'content-type': 'text/event-stream' });
          reply.raw.write('data: 1\n\n');
        });
      },
    ],
    logger,
  );
  await gateway.start();
  atEnd(() => gateway.stop());
  return { gateway, url: gateway.url, lines, bodies };
}

/** A connection of its own; `text` grows with what comes. */
function dial(url: string, first: string) {
  const socket: Socket = connect(Number(new URL(url).port), '127.0.0.1');
  const raw = { socket, text: '', closed: once(socket, 'close') };
  socket.on('data', (part) => {
    raw.text += part.toString('latin1');
  });
  socket.on('error', () => {});
  atEnd(() => socket.destroy());
  socket.write(first);
  return raw;
}

const bodyOf = (text: string) => JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4));

describe('a body', () => {
  it('is taken as bytes, whatever its type says', async () => {
    const { url, bodies } = await start();
    for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x', 'no/such', 'a/b; c']) {
      await send(`${url}/v1/chat/completions`, { body: Buffer.from([0, 255, 10]), headers: { 'content-type': type } });
    }
    expect(bodies.map((body) => [...body])).toEqual(Array(5).fill([0, 255, 10]));
  });

  it('that is too large is refused with 413, told or not how large it is', async () => {
    const { url } = await start();
    const answer = await send(`${url}/v1/chat/completions`, { body: 'x'.repeat(1_001) });
    expect(answer.status).toBe(413);
    expect(answer.error).toMatchObject({ code: 'body_too_large', type: 'invalid_request_error', param: null });
    const head = 'POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n';
    const raw = dial(url, `${head}3e8\r\n${'x'.repeat(1_000)}\r\n1\r\nx\r\n`);
    while (!raw.text.includes('body_too_large')) await once(raw.socket, 'data');
    expect(raw.text).toMatch(/^HTTP\/1\.1 413 /);
    expect((await send(`${url}/v1/chat/completions`, { body: 'x'.repeat(1_000) })).json()).toEqual({ bytes: 1_000 });
  });

  it('that does not come in time is refused with 408, and the connection closed', async () => {
    const { url } = await start({ uploadTimeoutMs: 50, headerTimeoutMs: 50 });
    const raw = dial(url, 'POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nslow');
    await raw.closed;
    expect(raw.text).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    expect(bodyOf(raw.text).error.code).toBe('upload_timeout');
  });
});

describe('a request', () => {
  it('that is no HTTP does not keep its connection, although its client does not close it', async () => {
    const { url } = await start();
    const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', allowHalfOpen: true });
    atEnd(() => socket.destroy());
    const lost = new Promise((resolve) => socket.once('error', resolve));
    let isLost = false;
    void lost.then(() => {
      isLost = true;
    });
    socket.write('garbage\r\n\r\n');
    socket.resume();
    await once(socket, 'end');
    // Only a connection that is gone on the other side refuses bytes.
    while (!isLost) {
      socket.write('x');
      await settled();
    }
    expect(await lost).toMatchObject({ code: expect.stringMatching(/^(EPIPE|ECONNRESET)$/) });
  });

  it('whose headers do not come in time is refused with 408, and the connection closed', async () => {
    const { url } = await start({ headerTimeoutMs: 50 });
    const raw = dial(url, 'GET /health HTTP/1.1\r\nHost: local');
    await raw.closed;
    expect(raw.text).toMatch(/^HTTP\/1\.1 408 /);
  });

  it.each([
    ['no HTTP at all', 'HELO mail\r\n\r\n'],
    [
      'a malformed Content-Length',
      'POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1x\r\n\r\nx',
    ],
    ['two lengths', 'POST /v1/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx'],
    [
      'a length and chunks',
      'POST /v1/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a broken header', 'GET /health HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n'],
    ['headers without end', `GET /health HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`],
  ])('with %s is refused with 400, and the connection closed', async (_what, bytes) => {
    const { url } = await start();
    const raw = dial(url, bytes);
    await raw.closed;
    expect(raw.text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(bodyOf(raw.text).error).toMatchObject({ code: 'invalid_request', type: 'invalid_request_error' });
  });

  it('that is no HTTP does not write into the answer before it', async () => {
    const { url } = await start();
    const raw = dial(url, 'POST /v1/stream HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n');
    while (!raw.text.includes('data: 1')) await once(raw.socket, 'data');
    raw.socket.write('garbage\r\n\r\n');
    await raw.closed;
    expect(raw.text.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });

  it('with a path that cannot be decoded is refused with 400 as any other, key or not', async () => {
    const { url } = await start({ apiKeys: [KEY] });
    const answer = await send(`${url}/v1/%zz`, { headers: { 'x-request-id': 'r1' } });
    expect([answer.status, answer.headers['x-request-id']]).toEqual([400, 'r1']);
    expect(answer.error).toMatchObject({ code: 'invalid_request', type: 'invalid_request_error', param: null });
  });

  it('with headers that are too large is told so', async () => {
    const { url } = await start();
    const raw = dial(url, `GET /health HTTP/1.1\r\nHost: localhost\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`);
    await raw.closed;
    expect(bodyOf(raw.text).error.message).toContain('16 KiB');
  });

  it.each(['/v1/models?x=1', ''])('with a whole address is one for its path: %j', async (path) => {
    const { url } = await start();
    const raw = dial(url, `GET http://elsewhere:80${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    await raw.closed;
    expect(raw.text).toContain(path === '' ? 'there is nothing at /' : '"caller":"anybody"');
  });

  it('to an unknown path is refused with 404', async () => {
    const { url } = await start();
    const answer = await send(`${url}/nothing?here`);
    expect([answer.status, answer.error.code]).toEqual([404, 'not_found']);
    expect(answer.error.message).toBe('there is nothing at /nothing');
  });

  it.each([
    ['DELETE', '/health', 'GET, HEAD'],
    ['POST', '/health', 'GET, HEAD'],
    ['GET', '/v1/chat/completions', 'POST'],
    ['DELETE', '/v1/models', 'GET, HEAD'],
    ['OPTIONS', '/health', 'GET, HEAD'],
  ])('%s %s is refused with 405 and Allow: %s', async (method, path, allow) => {
    const { url } = await start();
    const answer = await send(`${url}${path}`, { method });
    expect([answer.status, answer.headers.allow, answer.error.code]).toEqual([405, allow, 'method_not_allowed']);
  });

  it('without a known key is refused with 401, but for the health pages', async () => {
    const { url } = await start({ apiKeys: [KEY] });
    const refused = [await send(`${url}/v1/models`), await send(`${url}/nothing`), await send(`${url}/health/x`)];
    expect(refused.map(({ status }) => status)).toEqual([401, 401, 401]);
    expect(refused[0]?.json().error).toMatchObject({ code: 'unauthorized', type: 'authentication_error' });
    expect((await send(`${url}/health?x`)).status).toBe(200);
    const known = await send(`${url}/v1/models`, { headers: { authorization: 'Bearer sk-1' } });
    expect(known.json()).toEqual({ caller: 'k' });
  });

  it('without a known key does not get to send its body', async () => {
    const { url, bodies } = await start({ apiKeys: [KEY] });
    expect((await send(`${url}/v1/chat/completions`, { body: 'x' })).status).toBe(401);
    expect(bodies).toEqual([]);
  });

  it('for another host than this machine is refused with 403 where no key is asked for', async () => {
    const { url } = await start();
    const answer = await send(`${url}/v1/models`, { headers: { host: 'evil.example' } });
    expect([answer.status, answer.error.code]).toEqual([403, 'forbidden']);
    const keyed = await start({ apiKeys: [KEY] });
    const headers = { host: 'evil.example', authorization: 'Bearer sk-1' };
    expect((await send(`${keyed.url}/v1/models`, { headers })).status).toBe(200);
  });
});

describe('x-request-id', () => {
  it.each(['abc', 'req_1.2:3-4', 'x'.repeat(128)])('%s is taken over', async (id) => {
    const { url } = await start();
    const answer = await send(`${url}/nothing`, { headers: { 'x-request-id': id } });
    expect(answer.values('x-request-id')).toEqual([id]);
  });

  it.each(['a b', 'ä', '<script>', 'x'.repeat(129), ''])('%j is replaced', async (id) => {
    const { url } = await start();
    const answer = await send(`${url}/health`, { headers: { 'x-request-id': Buffer.from(id).toString('latin1') } });
    expect(answer.headers['x-request-id']).toMatch(/^[\da-f]{8}-[\da-f-]{27}$/);
  });

  it('is another one for every request', async () => {
    const { url } = await start();
    const ids = [await send(`${url}/health`), await send(`${url}/health`)].map(
      ({ headers }) => headers['x-request-id'],
    );
    expect(new Set(ids).size).toBe(2);
  });
});

describe('a page', () => {
  const ORIGIN = 'https://app.example';

  it('of an origin that is allowed may ask first, with the fields it wants to send, and without a key', async () => {
    const { url } = await start({ apiKeys: [KEY], corsOrigins: [ORIGIN] });
    const answer = await send(`${url}/v1/chat/completions`, {
      method: 'OPTIONS',
      headers: { origin: ORIGIN, 'access-control-request-headers': 'authorization,x-stainless-os' },
    });
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-methods': expect.stringContaining('POST'),
      'access-control-allow-headers': 'authorization,x-stainless-os',
      vary: 'Origin',
    });
  });

  it('of an origin that is allowed may read answers, errors too', async () => {
    const { url } = await start({ corsOrigins: [ORIGIN] });
    for (const path of ['/v1/models', '/nothing', '/broken']) {
      const { headers } = await send(`${url}${path}`, { headers: { origin: ORIGIN } });
      expect(headers['access-control-allow-origin']).toBe(ORIGIN);
      expect(headers['access-control-expose-headers']).toContain('X-Request-Id');
      expect(headers['access-control-allow-credentials']).toBeUndefined();
    }
  });

  it('of another origin may not call', async () => {
    const { url } = await start({ corsOrigins: [ORIGIN] });
    for (const method of ['OPTIONS', 'GET']) {
      const answer = await send(`${url}/v1/models`, { method, headers: { origin: 'https://evil.example' } });
      expect(answer.status).toBe(403);
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
  });
});

describe('a failure', () => {
  it('of ours is told without its stack, and logged with it', async () => {
    const { url, lines } = await start();
    const answer = await send(`${url}/broken`);
    expect([answer.status, answer.error]).toEqual([
      500,
      { message: 'a bug', type: 'server_error', param: null, code: 'internal' },
    ]);
    expect(lines.map(({ level, message }) => [level, message])).toEqual([['error', 'a route failed']]);
  });

  it('that passes by itself tells when', async () => {
    const { url } = await start();
    const answer = await send(`${url}/busy`);
    expect([answer.status, answer.headers['retry-after']]).toEqual([429, '9']);
  });
});

describe('the server', () => {
  it('tells the port that it was given', async () => {
    const { url } = await start();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
  });

  it('says who may be on a port that is taken', async () => {
    const { url } = await start();
    const address = { host: '127.0.0.1', port: Number(new URL(url).port), loopback: true };
    await expect(start({ address })).rejects.toMatchObject({
      code: 'configuration',
      hint: expect.stringContaining('--port'),
    });
  });

  it('starts and stops once, however often it is told to', async () => {
    const { gateway, url } = await start();
    await Promise.all([gateway.start(), gateway.start()]);
    await Promise.all([gateway.stop(), gateway.stop()]);
    await expect(open(`${url}/health`)).rejects.toThrow();
  });

  it('stops although connections are open', async () => {
    const { gateway, url } = await start();
    const stream = await open(`${url}/v1/stream`, { body: '' });
    await stream.until('data: 1');
    const idle = dial(url, '');
    await once(idle.socket, 'connect');
    await gateway.stop();
    expect(await stream.ended).toBe('cut');
    await idle.closed;
  });

  it('takes a header timeout above the upload timeout as the upload timeout', async () => {
    const { url } = await start({ headerTimeoutMs: 400_000, uploadTimeoutMs: 300 });
    expect((await send(`${url}/health`)).status).toBe(200);
  });

  it('closes the connection of a client that wants that', async () => {
    const { url } = await start();
    const raw = dial(
      url,
      'POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx',
    );
    await raw.closed;
    expect(raw.text).toContain('{"bytes":1}');
  });
});
