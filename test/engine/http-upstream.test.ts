import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createSocketServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { EngineCall } from '../../src/engine/engine.js';
import { HttpUpstream, type HttpUpstreamOptions, joinPath } from '../../src/engine/http-upstream.js';
import { atEnd, endAll } from '../support/ending.js';
import { ManualClock, settled } from '../support/manual-clock.js';
import { RecordingSink } from '../support/recording-sink.js';

afterEach(endAll);

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A server below HTTP; `onBytes` is called with what came first on every connection. */
async function serveSockets(onBytes: (socket: Socket, text: string) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createSocketServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', (bytes) => onBytes(socket, bytes.toString('latin1')));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A port on which nothing listens. */
async function closedPort(): Promise<string> {
  const server = createSocketServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

function upstreamTo(baseUrl: string, options: Partial<HttpUpstreamOptions> = {}): HttpUpstream {
  const upstream = new HttpUpstream({ baseUrl, ...options });
  atEnd(() => upstream.close());
  return upstream;
}

function call(fields: Partial<EngineCall> = {}): EngineCall {
  return { method: 'POST', path: '/v1/x?a=b', headers: {}, body: Buffer.from('{}'), stream: false, ...fields };
}

function begin(upstream: HttpUpstream, fields: Partial<EngineCall> = {}) {
  const sink = new RecordingSink();
  const controller = new AbortController();
  const done = upstream.forward(call(fields), sink, controller.signal);
  const failure = done.then(
    () => undefined,
    (error: unknown) => error,
  );
  return { sink, done, failure, abort: (reason?: Error) => controller.abort(reason) };
}

/** Something that happens once, and that can be waited for. */
function latch(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('latin1');
}

describe('joinPath', () => {
  it.each([
    ['/', '/v1/chat', '/v1/chat'],
    ['', '/v1/chat', '/v1/chat'],
    ['/', 'v1/chat', '/v1/chat'],
    ['/v1', '/v1/chat/completions?x=1', '/v1/chat/completions?x=1'],
    ['/v1/', '/v1/chat', '/v1/chat'],
    ['/v1//', '/v1/chat', '/v1/chat'],
    ['/v1', '/v1', '/v1'],
    ['/v1', '/v1?x=1', '/v1?x=1'],
    ['/v1', '/health', '/health'],
    ['/v1', '/props', '/props'],
    ['/prefix', '/v1/chat', '/prefix/v1/chat'],
    ['/prefix/', '/v1/chat', '/prefix/v1/chat'],
    ['/prefix/v1', '/v1/chat', '/prefix/v1/chat'],
    ['/prefix/v1', '/health', '/prefix/health'],
    ['/prefix//v1/', '/v1/chat', '/prefix/v1/chat'],
    ['/v12', '/v1/chat', '/v12/v1/chat'],
    ['/api/xv1', '/v1/chat', '/api/xv1/v1/chat'],
    ['/prefix', '/v1/a/../b', '/prefix/v1/a/../b'],
  ])('puts behind %j the path %j as %j', (base, path, joined) => {
    expect(joinPath(base, path)).toBe(joined);
  });
});

describe('a call', () => {
  it('arrives as it was sent, and its answer comes back as it is', async () => {
    const came: string[] = [];
    const url = await serve(async (request, response) => {
      came.push(`${request.method} ${request.url}`, await bodyOf(request), String(request.headers['x-own']));
      came.push(String(request.headers['content-length']), String(request.headers['user-agent']));
      response.writeHead(418, { 'x-twice': ['a', 'b'], 'content-type': 'text/plain' });
      response.end('teapot');
    });
    const { sink, done } = begin(upstreamTo(`${url}/prefix/`), { headers: { 'x-own': 'é' } });
    await done;
    expect(came).toEqual(['POST /prefix/v1/x?a=b', '{}', 'é', '2', 'undefined']);
    expect([sink.status, sink.text]).toEqual([418, 'teapot']);
    expect(sink.heads[0]?.headers).toMatchObject({ 'x-twice': ['a', 'b'], 'content-type': 'text/plain' });
  });

  it('carries the key of the engine in place of the caller’s', async () => {
    const url = await serve((request, response) => void response.end(request.headers.authorization));
    const keyed = begin(upstreamTo(url, { apiKey: 'sk-engine' }), { headers: { authorization: 'Bearer sk-caller' } });
    const plain = begin(upstreamTo(url), { headers: { authorization: 'Bearer sk-caller' } });
    await Promise.all([keyed.done, plain.done]);
    expect([keyed.sink.text, plain.sink.text]).toEqual(['Bearer sk-engine', 'Bearer sk-caller']);
  });

  it('without a body is sent without one', async () => {
    const url = await serve((request, response) => {
      response.end(`${request.headers['content-length']} ${request.headers['transfer-encoding']}`);
    });
    const { sink, done } = begin(upstreamTo(url), { method: 'GET', body: Buffer.alloc(0) });
    await done;
    expect(sink.text).toBe('undefined undefined');
  });

  it('does not wait for another one', async () => {
    const waiting: ServerResponse[] = [];
    const url = await serve((_request, response) => {
      waiting.push(response);
      if (waiting.length === 20) for (const each of waiting) each.end('all');
    });
    const upstream = upstreamTo(url);
    const calls = Array.from({ length: 20 }, () => begin(upstream));
    await Promise.all(calls.map(({ done }) => done));
    expect(new Set(calls.map(({ sink }) => sink.text))).toEqual(new Set(['all']));
  });

  it('sees the answer behind an early hint only', async () => {
    const url = await serve((_request, response) => {
      response.writeEarlyHints({ link: '</x>; rel=preload' });
      response.end('real');
    });
    const { sink, done } = begin(upstreamTo(url));
    await done;
    expect(sink.heads.map(({ status }) => status)).toEqual([200]);
  });
});

describe('a connection', () => {
  async function portsOf(closesAfterStreams: boolean): Promise<boolean[]> {
    const ports: (number | undefined)[] = [];
    const url = await serve((request, response) => {
      ports.push(request.socket.remotePort);
      response.end('{}');
    });
    const upstream = upstreamTo(url, { closesAfterStreams });
    for (const stream of [false, false, true, false]) {
      await begin(upstream, { stream }).done;
      // undici gives a server one turn of the event loop to close a connection that it promised to keep.
      await settled();
      await settled();
    }
    return ports.slice(1).map((port, at) => port === ports[at]);
  }

  it('is used for the next call', async () => {
    expect(await portsOf(false)).toEqual([true, true, true]);
  });

  it('is not used behind a stream of a server that closes it then', async () => {
    expect(await portsOf(true)).toEqual([true, true, false]);
  });
});

describe('a failure', () => {
  it('to connect is engine_unavailable', async () => {
    const { sink, failure } = begin(upstreamTo(await closedPort()));
    expect(await failure).toMatchObject({
      code: 'engine_unavailable',
      message: 'upstream unavailable (ECONNREFUSED)',
    });
    expect(sink.heads).toEqual([]);
  });

  it('to find the host is engine_unavailable', async () => {
    const { failure } = begin(upstreamTo('http://no-such-host.invalid'));
    expect(await failure).toMatchObject({ code: 'engine_unavailable' });
  });

  it('before the answer is engine_error, and says that there was none', async () => {
    const url = await serveSockets((socket) => socket.destroy());
    const { sink, failure } = begin(upstreamTo(url));
    expect(await failure).toMatchObject({
      code: 'engine_error',
      message: expect.stringContaining('without an answer'),
    });
    expect(sink.heads).toEqual([]);
  });

  it.each([
    ['chunks', 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'],
    ['a length', 'Content-Length: 10\r\n\r\nhello'],
  ])('inside an answer with %s is engine_error', async (_what, rest) => {
    const url = await serveSockets((socket) => socket.end(`HTTP/1.1 200 OK\r\n${rest}`));
    const { sink, failure } = begin(upstreamTo(url));
    expect(await failure).toMatchObject({
      code: 'engine_error',
      message: expect.stringContaining('before its answer was complete'),
    });
    expect(sink.text).toBe('hello');
  });

  it('to speak HTTP is engine_error', async () => {
    const url = await serveSockets((socket) => socket.end('SSH-2.0-x\r\n'));
    expect(await begin(upstreamTo(url)).failure).toMatchObject({ code: 'engine_error' });
  });

  it('to send a request that is none is invalid_request', async () => {
    const url = await serve((_request, response) => void response.end());
    const { failure } = begin(upstreamTo(url), { path: '/v1/x\ny' });
    expect(await failure).toMatchObject({ code: 'invalid_request' });
  });

  it('after the connections were closed is engine_unavailable', async () => {
    const upstream = upstreamTo(await serve((_request, response) => void response.end()));
    await upstream.close();
    await upstream.close();
    expect(await begin(upstream).failure).toMatchObject({ code: 'engine_unavailable' });
  });

  it('by closing the connections ends what is under way with engine_error', async () => {
    const upstream = upstreamTo(await serve((_request, response) => void response.write('part')));
    const { sink, failure } = begin(upstream);
    await sink.chunksSeen(1);
    await upstream.close();
    expect(await failure).toMatchObject({ code: 'engine_error' });
  });

  it('by silence is engine_error', async () => {
    const url = await serve((_request, response) => void response.write('part'));
    const { sink, failure } = begin(upstreamTo(url, { idleTimeoutMs: 1 }));
    await sink.chunksSeen(1);
    expect(await failure).toMatchObject({ code: 'engine_error', message: 'the engine sent nothing for too long' });
  });

  it('of one call leaves the next one alone', async () => {
    let connections = 0;
    const url = await serveSockets((socket) => {
      connections += 1;
      if (connections === 1) socket.destroy();
      else socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok');
    });
    const upstream = upstreamTo(url);
    await begin(upstream).failure;
    const { sink, done } = begin(upstream);
    await done;
    expect(sink.text).toBe('ok');
  });
});

describe('an abort', () => {
  it('before the call sends nothing', async () => {
    let requests = 0;
    const url = await serve((_request, response) => {
      requests += 1;
      response.end();
    });
    const upstream = upstreamTo(url);
    await expect(upstream.forward(call(), new RecordingSink(), AbortSignal.abort())).rejects.toMatchObject({
      code: 'cancelled',
    });
    await begin(upstream).done;
    expect(requests).toBe(1);
  });

  it('while it connects settles at once and sends nothing', async () => {
    const bytes: string[] = [];
    const url = await serveSockets((socket, text) => {
      bytes.push(text);
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
    const upstream = upstreamTo(url);
    const first = begin(upstream);
    first.abort();
    expect(await first.failure).toMatchObject({ code: 'cancelled' });
    await begin(upstream, { path: '/second' }).done;
    expect(bytes.map((text) => text.split(' ')[1])).toEqual(['/second']);
  });

  it('before the head closes the connection', async () => {
    const [arrived, closed] = [latch(), latch()];
    const url = await serve((_request, response) => {
      response.once('close', closed.open);
      arrived.open();
    });
    const { sink, failure, abort } = begin(upstreamTo(url));
    await arrived.opened;
    const reason = new Error('the client left');
    abort(reason);
    expect(await failure).toMatchObject({ code: 'cancelled', cause: reason });
    await closed.opened;
    expect(sink.heads).toEqual([]);
  });

  it('inside the answer closes the connection, and nothing more comes', async () => {
    const closed = latch();
    const url = await serve((_request, response) => {
      response.once('close', closed.open);
      response.write('part');
    });
    const { sink, failure, abort } = begin(upstreamTo(url));
    await sink.chunksSeen(1);
    abort();
    expect(await failure).toMatchObject({ code: 'cancelled' });
    await closed.opened;
    expect(sink.text).toBe('part');
  });

  it('after the answer does nothing', async () => {
    const url = await serve((_request, response) => void response.end('whole'));
    const { done, failure, abort } = begin(upstreamTo(url));
    await done;
    abort();
    expect(await failure).toBeUndefined();
  });
});

describe('a slow reader', () => {
  it('makes the server wait, and gets everything in the end', async () => {
    const total = 64 * 1024 * 1024;
    const block = Buffer.alloc(64 * 1024, 'x');
    const url = await serve(async (request, response) => {
      if (request.url === '/small') return void response.end('small');
      for (let sent = 0; sent < total; sent += block.length) {
        if (!response.write(block)) await once(response, 'drain');
      }
      response.end();
    });
    const upstream = upstreamTo(url);
    /** Twenty answers on another connection: time for a lot of bytes, if they came. */
    const passTime = async () => {
      for (let round = 0; round < 20; round += 1) await begin(upstream, { path: '/small' }).done;
    };
    const { sink, done } = begin(upstream, { path: '/large' });
    sink.wantsMore = false;
    await sink.chunksSeen(1);
    await passTime();
    const { length } = sink.bytes;
    expect(length).toBeLessThan(total);
    await passTime();
    expect(sink.bytes.length).toBe(length);
    sink.wantsMore = true;
    sink.flow?.resume();
    await done;
    expect(sink.bytes.length).toBe(total);
  });
});

describe('a probe', () => {
  it('tells the status and the JSON, or the text where it is none', async () => {
    const url = await serve((request, response) => {
      response.statusCode = request.url === '/json' ? 200 : 503;
      response.end(request.url === '/json' ? '{"a":1}' : '<h1>no</h1>');
    });
    const upstream = upstreamTo(`${url}/v1`, { apiKey: 'k' });
    expect(await upstream.getJson('/json', { timeoutMs: 5_000 })).toEqual({ status: 200, body: { a: 1 } });
    expect(await upstream.getJson('/other', { timeoutMs: 5_000 })).toEqual({ status: 503, body: '<h1>no</h1>' });
  });

  it('that is not answered in time is given up', async () => {
    const clock = new ManualClock();
    const arrived = latch();
    const url = await serve(arrived.open);
    const probe = upstreamTo(url, { clock }).getJson('/health', { timeoutMs: 5_000 });
    const failure = probe.catch((error: unknown) => error);
    await arrived.opened;
    clock.advance(5_000);
    expect(await failure).toMatchObject({ message: 'the engine sent nothing for too long' });
  });

  it('is ended by its signal, also by one that is aborted already, and leaves no timer', async () => {
    const clock = new ManualClock();
    const upstream = upstreamTo(await serve(() => {}), { clock });
    const controller = new AbortController();
    const probe = upstream.getJson('/health', { timeoutMs: 5_000, signal: controller.signal });
    controller.abort();
    await expect(probe).rejects.toThrow();
    await expect(upstream.getJson('/health', { timeoutMs: 5_000, signal: controller.signal })).rejects.toThrow();
    expect(clock.timers).toBe(0);
  });

  it('does not take in an endless answer', async () => {
    const url = await serve((_request, response) => {
      response.on('error', () => {});
      response.end(Buffer.alloc(5 * 1024 * 1024, 'x'));
    });
    await expect(upstreamTo(url).getJson('/props', { timeoutMs: 5_000 })).rejects.toMatchObject({
      code: 'engine_error',
    });
  });

  it('says why nothing could be reached', async () => {
    await expect(upstreamTo(await closedPort()).getJson('/health', { timeoutMs: 5_000 })).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
  });
});
