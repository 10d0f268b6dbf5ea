import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { GollamaError } from '../../src/base/errors.js';
import { ActiveRequests } from '../../src/gateway/active-requests.js';
import { atEnd, endAll } from '../support/ending.js';

afterEach(endAll);

/** Sends `requests` on one connection at once; the responses as the server sees them. */
async function receive(requests: number) {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(() => {
    server.close();
    server.closeAllConnections();
  });
  const responses: ServerResponse[] = [];
  const all = new Promise<void>((resolve) => {
    server.on('request', (_request, response: ServerResponse) => {
      responses.push(response);
      if (responses.length === requests) resolve();
    });
  });
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.resume();
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(requests));
  await all;
  return { socket, responses };
}

const aborted = (signal: AbortSignal) => (signal.aborted ? Promise.resolve() : once(signal, 'abort'));

describe('the active requests', () => {
  it('hold a request until its answer is complete, and do not abort it then', async () => {
    const active = new ActiveRequests();
    const { responses } = await receive(1);
    const [response] = responses as [ServerResponse];
    const { signal } = active.add(response);
    expect(active.size).toBe(1);
    const closed = once(response, 'close');
    response.end('whole');
    await closed;
    expect([active.size, signal.aborted]).toEqual([0, false]);
  });

  it('use a signal again for the next request of a connection, once nothing listens to it', async () => {
    const active = new ActiveRequests();
    const { responses } = await receive(3);
    const [first, second, third] = responses as [ServerResponse, ServerResponse, ServerResponse];
    const request = active.add(first);
    first.end('1');
    await once(first, 'close');
    expect(active.add(second).signal).not.toBe(request.signal);
    request.over();
    expect(active.add(third).signal).toBe(request.signal);
    expect(active.size).toBe(2);
  });

  it('abort a request whose client leaves', async () => {
    const active = new ActiveRequests();
    const { socket, responses } = await receive(1);
    const { signal } = active.add(responses[0] as ServerResponse);
    socket.destroy();
    await aborted(signal);
    expect(active.size).toBe(0);
  });

  it('abort a request that was sent behind another one when their client leaves', async () => {
    const active = new ActiveRequests();
    const { socket, responses } = await receive(2);
    const signals = responses.map((response) => active.add(response).signal);
    socket.destroy();
    await Promise.all(signals.map(aborted));
    expect(active.size).toBe(0);
  });

  it('hold a request that was sent behind another one until its own answer is complete', async () => {
    const active = new ActiveRequests();
    const { responses } = await receive(2);
    const [first, second] = responses as [ServerResponse, ServerResponse];
    const { socket } = second.req;
    const signals = [active.add(first).signal, active.add(second).signal];
    const ours = socket.listeners('close').at(-1);
    second.end('2');
    first.end('1');
    await once(second, 'close');
    expect(active.size).toBe(0);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
    expect(socket.listeners('close')).not.toContain(ours);
  });

  it('abort a request at once whose client has left before', async () => {
    const active = new ActiveRequests();
    const { socket, responses } = await receive(1);
    const [response] = responses as [ServerResponse];
    const closed = once(response, 'close');
    socket.destroy();
    await closed;
    expect(active.add(response).signal.aborted).toBe(true);
    expect(active.size).toBe(0);
  });

  it('can all be ended, with a reason', async () => {
    const active = new ActiveRequests();
    const { responses } = await receive(2);
    const signals = responses.map((response) => active.add(response).signal);
    const reason = new GollamaError('shutting_down', 'bye');
    active.abortAll(reason);
    expect(signals.map((signal) => signal.reason)).toEqual([reason, reason]);
  });
});
