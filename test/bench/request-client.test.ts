import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { RequestClient } from '../../bench/request-client.js';
import { systemClock } from '../../src/base/clock.js';
import { atEnd, endAll } from '../support/ending.js';
import { chatEvent, FakeUpstream } from '../support/fake-upstream.js';
import { planFixture } from './support/record-fixture.js';

afterEach(async () => {
  vi.useRealTimers();
  await endAll();
});

const ITEM = { messages: [{ role: 'user', content: 'x' }], maxTokens: 8 };
const NEVER = new AbortController().signal;

function clientOf(baseUrl: string, firstTokenTimeoutMs = 600_000): RequestClient {
  const { target, request } = planFixture();
  const patience = { firstTokenTimeoutMs, idleTimeoutMs: 60_000, totalTimeoutMs: 600_000 };
  const client = new RequestClient({
    target: { ...target, baseUrl, endpoint: 'chat', stream: true },
    settings: { ...request, ...patience },
    clock: systemClock,
    startedAtMs: systemClock.now(),
    worker: 0,
  });
  atEnd(() => client.close());
  return client;
}

function order(index: number) {
  return { index, item: ITEM, scheduledMs: 0 };
}

describe('a request', () => {
  it.each([
    [600_000, true, null],
    [300_000, false, 'timeout_ttft'],
  ])('with a patience of %d ms has waited 310 s for its headers: ok is %s', async (patienceMs, ok, errorClass) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const upstream = await FakeUpstream.start();
    const answered = clientOf(upstream.url, patienceMs).send(order(0), NEVER);
    const call = await upstream.next();
    // The HTTP client has a patience of its own, 300 s unless it is told otherwise.
    await vi.advanceTimersByTimeAsync(310_000);
    call.beginStream();
    call.say('hi');
    call.endStream();
    const record = await answered;
    expect(record).toMatchObject({ ok, errorClass });
    if (ok) expect(record.headersMs).toBeGreaterThanOrEqual(310_000);
  });

  it('that meets a connection closed by the server is sent on a new one, and so is every later one', async () => {
    let connections = 0;
    let requests = 0;
    const body = `${chatEvent('hi', 'stop')}data: [DONE]\n\n`;
    const head = `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: ${body.length}\r\n\r\n`;
    // Keeps the first connection until it hears a second request on it: the close crosses that on its way.
    const server = await listening(
      createServer((socket) => {
        connections += 1;
        let heard = 0;
        socket.on('error', () => {});
        socket.on('data', () => {
          heard += 1;
          if (heard > 1) return socket.destroy();
          requests += 1;
          return socket.write(head + body);
        });
      }),
    );
    const client = clientOf(server);
    for (let index = 0; index < 4; index += 1) {
      expect(await client.send(order(index), NEVER)).toMatchObject({ ok: true, attempts: 1 });
    }
    expect({ connections, requests }).toEqual({ connections: 4, requests: 4 });
  });

  it('on a new connection that the server closes has failed', async () => {
    const server = await listening(
      createServer((socket) => {
        socket.on('error', () => {});
        socket.on('data', () => socket.destroy());
      }),
    );
    expect(await clientOf(server).send(order(0), NEVER)).toMatchObject({ ok: false, errorClass: 'truncated' });
  });
});

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
