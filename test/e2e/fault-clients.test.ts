/** Clients that do not read, that leave half or at once, or that never say what they want: what the gateway keeps of them. */
import { once } from 'node:events';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { atEnd, endAll } from '../support/ending.js';
import { eventually } from '../support/eventually.js';
import { chatEvent, FakeUpstream, type UpstreamCall } from '../support/fake-upstream.js';
import { GatewayWatch } from '../support/gateway-watch.js';
import { startSimulate } from '../support/simulate-process.js';

const MIB = 2 ** 20;
const LARGE_BYTES = 64 * MIB;
/** What the buffers of the system between four sockets on one machine may hold, and what is under way in two programs. */
const UNDER_WAY_BYTES_MAX = 24 * MIB;

let watch: GatewayWatch;
let large: FakeUpstream;
/** Bytes of the large answer that its engine got rid of. */
let writtenBytes = 0;

beforeAll(async () => {
  const simulate = await startSimulate(['--slots', '2', '--token-ms', '20']);
  large = await FakeUpstream.start({ models: ['large'], answer: (call) => void answerLarge(call) });
  watch = await GatewayWatch.serve(`
server: {header_timeout: 300ms, upload_timeout: 600ms}
engines:
  - {name: sim, kind: openai, base_url: "${simulate.url}", models: [sim]}
  - {name: large, kind: openai, base_url: "${large.url}", models: [large]}
`);
});
afterAll(endAll);

/** 64 MiB, as a stream of 16 KiB events or as one JSON body; no faster than the gateway takes it. */
async function answerLarge({ response, json }: UpstreamCall): Promise<void> {
  writtenBytes = 0;
  const filling = 'x'.repeat(16 * 1024);
  const piece = json.stream ? chatEvent(filling) : filling;
  const pieces = Math.ceil(LARGE_BYTES / piece.length);
  const end = json.stream ? `${chatEvent('', 'stop')}data: [DONE]\n\n` : '"}';
  const length = json.stream ? {} : { 'content-length': pieces * piece.length + '{"text":""}'.length };
  response.writeHead(200, { 'content-type': json.stream ? 'text/event-stream' : 'application/json', ...length });
  const goOn: (() => void)[] = [];
  const tell = () => {
    for (const resolve of goOn.splice(0)) resolve();
  };
  response.on('drain', tell).on('close', tell);
  if (!json.stream) response.write('{"text":"');
  for (let sent = 0; sent < pieces && !response.destroyed; sent += 1) {
    writtenBytes += piece.length;
    if (!response.write(piece)) await new Promise<void>((resolve) => goOn.push(resolve));
  }
  response.end(end);
}

function body(model: string, stream: boolean, tokens: number): string {
  return JSON.stringify({ model, stream, max_tokens: tokens, messages: [{ role: 'user', content: 'hi' }] });
}

/** The head of an answer whose client reads nothing further yet. */
async function unread(model: string, stream: boolean, id: string): Promise<IncomingMessage> {
  const headers = { 'content-type': 'application/json', 'x-request-id': id };
  const request = requestHttp(`${watch.url}/v1/chat/completions`, { method: 'POST', agent: false, headers });
  atEnd(() => request.destroy());
  request.end(body(model, stream, 10));
  const [message] = (await once(request, 'response')) as [IncomingMessage];
  return message.pause();
}

/** Resolves when no byte was written for a while. */
function stalled(): Promise<true> {
  let seen = -1;
  let looks = 0;
  return eventually('the engine is slowed down', () => {
    looks = writtenBytes === seen ? looks + 1 : 0;
    seen = writtenBytes;
    return looks === 30;
  });
}

describe.each([true, false])('a client that does not read its answer of 64 MiB (stream: %s)', (stream) => {
  test('slows its engine down, costs the gateway no memory, and gets all of it when it reads', async () => {
    const id = `slow-${stream}`;
    const before = await watch.holdings();
    const message = await unread('large', stream, id);
    await stalled();
    expect(writtenBytes).toBeLessThan(UNDER_WAY_BYTES_MAX);
    const now = await watch.holdings();
    expect(now.externalBytes - before.externalBytes).toBeLessThan(4 * MIB);
    expect(now.rssBytes - before.rssBytes).toBeLessThan(32 * MIB);
    let readBytes = 0;
    for await (const part of message) readBytes += part.length;
    expect(readBytes).toBeGreaterThanOrEqual(LARGE_BYTES);
    expect((await watch.end(id)).outcome).toBe('completed');
    await watch.atRest();
  });

  test('gives everything back when it leaves', async () => {
    const id = `slow-and-gone-${stream}`;
    const message = await unread('large', stream, id);
    await stalled();
    message.destroy();
    expect((await watch.end(id)).outcome).toBe('cancelled');
    await watch.atRest();
  });
});

/** A client that speaks HTTP by hand. */
class RawClient {
  readonly socket: Socket;
  /** What has come, as text. */
  got = '';

  constructor() {
    const { hostname, port } = new URL(watch.url);
    this.socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    this.socket.on('data', (part) => {
      this.got += part.toString('latin1');
    });
    this.socket.on('error', () => {});
    atEnd(() => this.socket.destroy());
  }

  async send(text: string): Promise<void> {
    await new Promise((resolve) => this.socket.write(text, resolve));
  }

  ask(stream: boolean, id: string, tokens = 1000): Promise<void> {
    const json = body('sim', stream, tokens);
    const head = `POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Request-Id: ${id}\r\n`;
    return this.send(`${head}Content-Type: application/json\r\nContent-Length: ${json.length}\r\n\r\n${json}`);
  }

  async until(text: string): Promise<void> {
    await eventually(`the client gets ${text}`, () => this.got.includes(text));
  }

  async closed(): Promise<void> {
    if (!this.socket.closed) await once(this.socket, 'close');
  }
}

const LEAVES = {
  'closes its half of the connection': (client: RawClient) => client.socket.end(),
  'closes the connection': (client: RawClient) => client.socket.destroy(),
  'resets the connection': (client: RawClient) => client.socket.resetAndDestroy(),
};

describe.each(Object.entries(LEAVES))('a client that %s', (how, leave) => {
  const name = how.split(' ').slice(0, 4).join('-');

  test.each([true, false])('while it is answered gives its slot back (stream: %s)', async (stream) => {
    const client = new RawClient();
    const id = `${name}-answered-${stream}`;
    await client.ask(stream, id);
    if (stream) await client.until('data: ');
    else await watch.atWork(1);
    leave(client);
    expect((await watch.end(id)).outcome).toBe('cancelled');
    await watch.atRest();
    await client.closed();
  });

  test.each([true, false])('while it waits in the queue leaves it (stream: %s)', async (stream) => {
    const others = [new RawClient(), new RawClient()];
    for (const [at, other] of others.entries()) await other.ask(true, `${name}-before-${stream}-${at}`);
    await Promise.all(others.map((other) => other.until('data: ')));
    const client = new RawClient();
    const id = `${name}-queued-${stream}`;
    await client.ask(stream, id);
    await eventually('it waits', async () => (await watch.status()).waiting_interactive === 1);
    leave(client);
    const end = await watch.end(id);
    expect([end.outcome, end.engine]).toEqual(['cancelled', undefined]);
    for (const other of others) other.socket.destroy();
    await watch.atRest();
    await client.closed();
  });

  test('in the middle of its request leaves nothing behind', async () => {
    const client = new RawClient();
    await client.send('POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{"model"');
    leave(client);
    await client.closed();
  });

  test('before it has said anything leaves nothing behind', async () => {
    const client = new RawClient();
    await once(client.socket, 'connect');
    leave(client);
    await client.closed();
  });
});

test.each([
  ['head', 'POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n'],
  ['body', 'POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{"model"'],
])('a client that never sends the rest of its %s is told so and put off', async (_part, text) => {
  const client = new RawClient();
  await client.send(text);
  await client.until('HTTP/1.1 408');
  await eventually('the gateway closes the connection', () => client.socket.readableEnded);
  client.socket.destroy();
});

test('every request has ended once in the log, and nothing of them stays behind', async () => {
  const ids = watch.gateway.records.filter(({ outcome }) => outcome !== undefined).map(({ request }) => request);
  expect(ids.length).toBe(new Set(ids).size);
  expect(ids.length).toBeGreaterThanOrEqual(4 + 3 * 8);
  const holdings = await watch.backToIdle();
  expect(holdings.rssBytes - watch.idle.rssBytes).toBeLessThan(64 * MIB);
});
