import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { GollamaError } from '../../src/base/errors.js';
import type { HeaderFields } from '../../src/engine/engine.js';
import { ClientAnswer } from '../../src/gateway/client-answer.js';
import { atEnd, endAll } from '../support/ending.js';
import { type Answer, begin } from '../support/http.js';
import { ManualClock } from '../support/manual-clock.js';

const HEARTBEAT_MS = 15_000;
const CHUNK = 'data: {"choices":[{"delta":{"content":"a"}}]}\n\n';
const USAGE = 'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":5}}\n\n';
const DONE = 'data: [DONE]\n\n';
const SSE = { 'content-type': 'text/event-stream' };
const FAILED = new GollamaError('engine_error', 'it broke');

afterEach(endAll);

interface Scene {
  readonly answer: ClientAnswer;
  readonly clock: ManualClock;
  readonly response: ServerResponse;
  readonly url: string;
  /** The client's side, from the head on. */
  readonly head: Promise<Answer>;
  leave(): void;
}

interface Setup {
  readonly stream?: boolean;
  readonly isText?: boolean;
  /** Connects by itself, in place of a client that reads. */
  readonly connect?: (port: number) => void;
}

/** One request that has come to a real server, and the answer that is to be written to it. */
async function scene(setup: Setup = {}): Promise<Scene> {
  const { stream = true, isText = true } = setup;
  const clock = new ManualClock();
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const came = once(server, 'request') as Promise<[unknown, ServerResponse]>;
  setup.connect?.(port);
  const sending = setup.connect ? undefined : begin(url, { body: {} });
  const [, response] = await came;
  const answer = new ClientAnswer(response, clock, { stream, isText, heartbeatMs: HEARTBEAT_MS, headers: {} });
  const head = sending?.head ?? new Promise<Answer>(() => {});
  return { answer, clock, response, url, head, leave: () => sending?.leave() };
}

function grant(answer: ClientAnswer, options: { hidesUsage?: boolean; attempt?: number } = {}): void {
  answer.granted({ engine: 'one', waitedMs: 12.4, attempt: 1, simulated: false, hidesUsage: false, ...options });
}

const flow = () => ({ resume: vi.fn() });
const say = (answer: ClientAnswer, text: string) => answer.chunk(Buffer.from(text));

function streamHead(answer: ClientAnswer, headers: HeaderFields = SSE, status = 200) {
  const answering = flow();
  answer.head({ status, headers }, answering);
  return answering;
}

describe('an answer that was not begun', () => {
  it('tells an error with its status', async () => {
    const { answer, head, clock } = await scene();
    grant(answer);
    answer.fail(new GollamaError('queue_full', 'too many', { retryAfterS: 7 }));
    const client = await head;
    await client.ended;
    expect([client.status, client.headers['retry-after']]).toEqual([429, '7']);
    expect(client.json()).toEqual({
      error: { message: 'too many', type: 'rate_limit_error', param: null, code: 'queue_full' },
    });
    expect(answer.status).toBe(429);
    expect(clock.timers).toBe(0);
  });

  it('has the status, the head and the bytes of the engine, and names it', async () => {
    const { answer, head } = await scene({ stream: false });
    grant(answer);
    streamHead(answer, { 'content-type': 'text/weird', 'x-own': 'yes', connection: 'close' }, 418);
    say(answer, 'short');
    answer.complete();
    const client = await head;
    expect(await client.ended).toBe('complete');
    expect([client.status, client.text]).toEqual([418, 'short']);
    expect(client.headers).toMatchObject({
      'content-type': 'text/weird',
      'x-own': 'yes',
      'x-gollama-engine': 'one',
      'x-gollama-queue-ms': '12',
      'x-gollama-attempts': '1',
    });
    expect(client.headers['x-gollama-simulated']).toBeUndefined();
  });

  it.each([
    ['204', 204, {}],
    ['a redirect', 307, { location: 'http://elsewhere/', 'content-length': '0' }],
    ['304', 304, {}],
    ['200 with nothing in it', 200, { 'content-length': '0' }],
  ])('is an error where the engine says no more than %s, and another engine may try', async (_, status, headers) => {
    const { answer, head } = await scene();
    grant(answer);
    streamHead(answer, headers, status);
    expect(() => answer.complete()).toThrowError(
      expect.objectContaining({ code: 'engine_error', message: `the engine answered ${status} without an answer` }),
    );
    expect(answer.started).toBe(false);
    answer.fail(FAILED);
    const client = await head;
    await client.ended;
    expect([client.status, client.headers.location]).toEqual([502, undefined]);
  });

  it('breaks off where the engine ends it with nothing in it', async () => {
    const { answer, head } = await scene();
    grant(answer);
    streamHead(answer, { 'content-type': 'application/json' });
    const client = await head;
    expect(() => answer.complete()).toThrowError(expect.objectContaining({ code: 'engine_error' }));
    answer.fail(FAILED);
    expect(await client.ended).not.toBe('complete');
  });

  it('may be empty where it is no text', async () => {
    const { answer, head } = await scene({ stream: false, isText: false });
    grant(answer);
    streamHead(answer, {}, 204);
    answer.complete();
    expect((await head).status).toBe(204);
  });

  it('says that it is simulated where it is', async () => {
    const { answer, head } = await scene({ stream: false });
    answer.granted({ engine: 'sim', waitedMs: 0, attempt: 1, simulated: true, hidesUsage: false });
    streamHead(answer, {});
    say(answer, '{}');
    answer.complete();
    expect((await head).headers['x-gollama-simulated']).toBe('1');
  });

  it('goes on with the head although no byte follows yet', async () => {
    const { answer, head } = await scene({ stream: false });
    grant(answer);
    streamHead(answer, { 'content-length': '5' });
    expect((await head).headers['content-length']).toBe('5');
    say(answer, '12345');
    expect(await (await head).ended).toBe('complete');
  });
});

describe('a stream', () => {
  it('has headers that no proxy holds back, and keeps no length', async () => {
    const { answer, head } = await scene();
    grant(answer);
    streamHead(answer, { ...SSE, 'content-length': '999', 'cache-control': 'private' });
    const client = await head;
    expect(client.headers).toMatchObject({ 'cache-control': 'no-cache', 'x-accel-buffering': 'no' });
    expect(client.headers['content-length']).toBeUndefined();
  });

  it('is the same bytes, and without the usage chunk where that is hidden', async () => {
    for (const hidesUsage of [false, true]) {
      const { answer, head } = await scene();
      grant(answer, { hidesUsage });
      streamHead(answer);
      for (const part of [CHUNK.slice(0, 10), CHUNK.slice(10) + USAGE.slice(0, 20), USAGE.slice(20) + DONE]) {
        say(answer, part);
      }
      answer.complete();
      const client = await head;
      expect(await client.ended).toBe('complete');
      expect(client.text).toBe(hidesUsage ? CHUNK + DONE : CHUNK + USAGE + DONE);
      expect(answer.usage()).toEqual({ promptTokens: 3, completionTokens: 5 });
    }
  });

  it('that was cut ends with an error event behind whole events', async () => {
    const { answer, head } = await scene();
    grant(answer);
    streamHead(answer);
    say(answer, `${CHUNK}data: {"choi`);
    answer.fail(FAILED);
    const client = await head;
    expect(await client.ended).toBe('complete');
    expect(client.text.startsWith(CHUNK)).toBe(true);
    expect(client.events.slice(1).map((event) => JSON.parse(event))).toEqual([
      { error: { message: 'it broke', type: 'server_error', param: null, code: 'engine_error' } },
    ]);
  });

  it('that ended well but too early is not complete', async () => {
    const { answer, head } = await scene();
    grant(answer);
    streamHead(answer);
    say(answer, CHUNK);
    expect(() => answer.complete()).toThrowError(expect.objectContaining({ code: 'engine_error' }));
    answer.fail(FAILED);
    expect((await head).status).toBe(200);
    await (await head).ended;
    expect((await head).events.at(-1)).toContain('it broke');
  });

  it('that ended with an error of the engine is passed on as it is, and counts as failed', async () => {
    const { answer, head } = await scene();
    const error = 'data: {"error":{"message":"of the engine"}}\n\n';
    grant(answer);
    streamHead(answer);
    say(answer, CHUNK + error);
    expect(() => answer.complete()).toThrowError(expect.objectContaining({ code: 'engine_error' }));
    answer.fail(FAILED);
    await (await head).ended;
    expect((await head).text).toBe(CHUNK + error);
  });

  it('whose connection broke after an error of the engine ends with that one error', async () => {
    const { answer, head } = await scene();
    const error = 'data: {"error":{"message":"of the engine"}}\n\n';
    grant(answer);
    streamHead(answer);
    say(answer, error);
    answer.fail(FAILED);
    expect(await (await head).ended).toBe('complete');
    expect((await head).text).toBe(error);
  });

  it('that the engine gives up is failed at once; one that was not begun is left to another attempt', async () => {
    const { answer, head } = await scene();
    grant(answer);
    answer.failed(new GollamaError('engine_error', 'too early'));
    streamHead(answer);
    say(answer, 'data: {"choices":[{"delta":{"content":"a"}}]}\n\n');
    answer.failed(new GollamaError('engine_error', 'it broke'));
    const told = await head;
    await told.ended;
    expect([told.status, told.events.at(-1)]).toEqual([200, expect.stringContaining('it broke')]);
    expect(told.text).not.toContain('too early');
  });

  it('that was cut inside a long event ends with a broken connection', async () => {
    const { answer, head } = await scene();
    grant(answer);
    streamHead(answer);
    say(answer, `${CHUNK}data: ${'x'.repeat(20_000)}`);
    await head;
    answer.fail(FAILED);
    expect(await (await head).ended).toBe('cut');
  });

  it('without [DONE] is complete after a finish reason, also without the last blank line', async () => {
    const { answer, head } = await scene();
    const last = 'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n';
    grant(answer);
    streamHead(answer);
    say(answer, CHUNK + last);
    answer.complete();
    expect(await (await head).ended).toBe('complete');
    expect((await head).text).toBe(CHUNK + last);
  });

  it('of another API is not looked into, and a cut one ends with a broken connection', async () => {
    const { answer, head } = await scene({ isText: false });
    grant(answer);
    streamHead(answer);
    say(answer, 'event: response.created\nda');
    await (await head).until('\nda');
    answer.fail(FAILED);
    expect(await (await head).ended).toBe('cut');
  });

  it('that is packed is passed on as it is', async () => {
    const { answer, head } = await scene();
    const packed = Buffer.from([0x1f, 0x8b, 8, 0, 10, 10, 0, 1, 2]);
    grant(answer, { hidesUsage: true });
    streamHead(answer, { ...SSE, 'content-encoding': 'gzip' });
    answer.chunk(packed);
    answer.complete();
    expect(await (await head).ended).toBe('complete');
    expect((await head).bytes.equals(packed)).toBe(true);
  });

  it.each(['text/event-stream; charset=utf-8', 'Text/Event-Stream'])('is known by %s', async (type) => {
    const { answer } = await scene();
    grant(answer);
    streamHead(answer, { 'content-type': type });
    expect(() => answer.complete()).toThrowError(expect.objectContaining({ code: 'engine_error' }));
  });
});

describe('an answer in JSON', () => {
  it('that was cut ends with a broken connection', async () => {
    const { answer, head } = await scene({ stream: false });
    grant(answer);
    streamHead(answer, { 'content-type': 'application/json' });
    say(answer, '{"choices":[{"mess');
    await head;
    answer.fail(FAILED);
    expect(await (await head).ended).toBe('cut');
  });

  it('ends with its last byte, before the engine says that it is complete', async () => {
    const { answer, head } = await scene({ stream: false });
    const body = '{"usage":{"prompt_tokens":1,"completion_tokens":2}}';
    grant(answer);
    streamHead(answer, { 'content-type': 'application/json', 'content-length': `${body.length}` });
    say(answer, body.slice(0, 20));
    say(answer, body.slice(20));
    expect(await (await head).ended).toBe('complete');
    expect((await head).text).toBe(body);
    expect(() => answer.complete()).not.toThrow();
    expect(answer.usage()).toEqual({ promptTokens: 1, completionTokens: 2 });
  });

  it('tells its usage also in front of a long text', async () => {
    const { answer } = await scene({ stream: false });
    grant(answer);
    streamHead(answer, { 'content-type': 'application/json' });
    say(answer, '{"usage":{"prompt_tokens":1,"total_tokens":1},"data":[');
    for (let part = 0; part < 20; part += 1) say(answer, '0,'.repeat(1000));
    answer.complete();
    expect(answer.usage()).toEqual({ promptTokens: 1, completionTokens: 0 });
  });

  it('gets no heartbeat', async () => {
    const { answer, head, clock } = await scene({ stream: false });
    answer.waiting(() => 1);
    grant(answer);
    expect(clock.timers).toBe(0);
    answer.fail(FAILED);
    expect((await head).status).toBe(502);
  });
});

describe('a stream that waits', () => {
  it('has its head and its place at once, one line a heartbeat, then the answer', async () => {
    const { answer, clock, head } = await scene();
    let place = 3;
    answer.waiting(() => place);
    const client = await head;
    expect([client.status, client.headers['content-type']]).toEqual([200, 'text/event-stream']);
    place = 2;
    clock.advance(HEARTBEAT_MS);
    grant(answer);
    clock.advance(HEARTBEAT_MS);
    streamHead(answer);
    say(answer, CHUNK + DONE);
    answer.complete();
    expect(await client.ended).toBe('complete');
    expect(client.text).toBe(`: queued position=3\n: queued position=2\n: working\n${CHUNK}${DONE}`);
    expect(clock.timers).toBe(0);
  });

  it('for a slow engine hears of it after a heartbeat, and not before', async () => {
    const { answer, clock, head, response } = await scene();
    grant(answer);
    clock.advance(HEARTBEAT_MS - 1);
    expect(response.headersSent).toBe(false);
    clock.advance(1);
    expect((await head).status).toBe(200);
    answer.fail(FAILED);
    await (await head).ended;
    expect((await head).text).toMatch(/^: working\ndata: \{"error".*\n\n$/);
  });

  it('for an engine that sent its head and nothing else hears heartbeats too', async () => {
    for (const isText of [true, false]) {
      const { answer, clock, head } = await scene({ isText });
      grant(answer);
      streamHead(answer);
      clock.advance(2 * HEARTBEAT_MS);
      await (await head).until(': working\n: working\n');
      answer.fail(FAILED);
    }
  });

  it('in the middle of its answer hears heartbeats between events, and only after a silence', async () => {
    const { answer, clock, head } = await scene();
    grant(answer);
    streamHead(answer);
    say(answer, CHUNK);
    clock.advance(HEARTBEAT_MS);
    say(answer, `${CHUNK}data: {"held`);
    clock.advance(HEARTBEAT_MS);
    clock.advance(HEARTBEAT_MS);
    say(answer, `":1}\n\n${DONE}`);
    answer.complete();
    await (await head).ended;
    expect((await head).text).toBe(`${CHUNK}${CHUNK}: working\ndata: {"held":1}\n\n${DONE}`);
  });

  it('hears no heartbeat inside a long event, nor inside a stream that is not looked into', async () => {
    for (const [isText, text] of [
      [true, `data: ${'x'.repeat(20_000)}`],
      [false, 'event: a\nda'],
    ] as const) {
      const { answer, clock, head, response } = await scene({ isText });
      grant(answer);
      streamHead(answer);
      say(answer, text);
      await (await head).until(text);
      const writes = vi.spyOn(response, 'write');
      clock.advance(5 * HEARTBEAT_MS);
      expect(writes).not.toHaveBeenCalled();
    }
  });

  it('gets an error as an event: its status is gone', async () => {
    const { answer, head } = await scene();
    answer.waiting(() => 1);
    answer.fail(new GollamaError('queue_timeout', 'queue timeout'));
    const client = await head;
    expect(await client.ended).toBe('complete');
    expect([client.status, client.events.map((event) => JSON.parse(event).error.code)]).toEqual([
      200,
      ['queue_timeout'],
    ]);
  });

  it('of another API gets a named error event', async () => {
    const { answer, head } = await scene({ isText: false });
    answer.waiting(() => 1);
    answer.fail(FAILED);
    await (await head).ended;
    expect((await head).text).toMatch(/\nevent: error\ndata: \{.*"type":"error".*\}\n\n$/);
  });

  it.each([
    ['400 in JSON', 400, { 'content-type': 'application/json' }, '{"error":{"message":"bad prompt"}}', 'bad prompt'],
    ['400 as a string', 400, { 'content-type': 'application/json' }, '{"error":"bad prompt"}', 'bad prompt'],
    ['502 in HTML', 502, { 'content-type': 'text/html' }, '<h1>no</h1>', 'the engine answered 502'],
    ['400 called a stream', 400, SSE, '{"error":{"message":"bad prompt"}}', 'bad prompt'],
    ['400 called a stream, as an event', 400, SSE, 'data: {"error":{"message":"bad prompt"}}\n\n', 'answered 400'],
    ['200 that is no stream', 200, { 'content-type': 'application/json' }, '{"choices":[]}', 'without a stream'],
  ])('hears of an answer of %s in an error event', async (_what, status, headers, body, message) => {
    const { answer, head } = await scene();
    answer.waiting(() => 1);
    grant(answer);
    streamHead(answer, headers as HeaderFields, status);
    expect(say(answer, body)).toBe(true);
    let error = FAILED;
    try {
      answer.complete();
    } catch (thrown) {
      error = thrown as GollamaError;
    }
    expect(answer.started).toBe(false);
    answer.fail(error);
    const client = await head;
    expect(await client.ended).toBe('complete');
    expect(client.events).toHaveLength(1);
    expect(JSON.parse(client.events[0] ?? '')).toMatchObject({
      error: { code: status === 400 ? 'invalid_request' : 'engine_error', message: expect.stringContaining(message) },
    });
  });

  it('forgets a refused answer when another engine gets its turn', async () => {
    const { answer, clock, head } = await scene();
    answer.waiting(() => 1);
    grant(answer);
    streamHead(answer, { 'content-type': 'application/json' }, 500);
    say(answer, '{"usage":{"prompt_tokens":9},"error":{"message":"first"}}');
    expect(() => answer.complete()).toThrowError('first');
    const firstByteAtMs = answer.firstByteAtMs;
    clock.advance(1_000);
    answer.waiting(() => 1);
    grant(answer, { attempt: 2 });
    expect([firstByteAtMs, answer.firstByteAtMs, answer.usage()]).toEqual([0, undefined, undefined]);
    clock.advance(HEARTBEAT_MS);
    streamHead(answer);
    say(answer, CHUNK + DONE);
    answer.complete();
    await (await head).ended;
    expect((await head).events).toHaveLength(2);
    expect((await head).text).toContain(': working\n');
  });

  it('keeps one heartbeat when it goes back to the queue', async () => {
    const { answer, clock, head, response } = await scene();
    const errors = vi.fn();
    response.on('error', errors);
    grant(answer);
    answer.waiting(() => 1);
    grant(answer, { attempt: 2 });
    expect(clock.timers).toBe(1);
    streamHead(answer);
    say(answer, CHUNK + DONE);
    answer.complete();
    expect(clock.timers).toBe(0);
    clock.advance(10 * HEARTBEAT_MS);
    await (await head).ended;
    expect(errors).not.toHaveBeenCalled();
    expect((await head).text).toBe(`: queued position=1\n${CHUNK}${DONE}`);
  });
});

describe('a client', () => {
  /** Sends a request and does not read. */
  const idle = (sockets: Socket[]) => (port: number) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
    socket.on('error', () => {});
    socket.pause();
    atEnd(() => socket.destroy());
    sockets.push(socket);
  };
  /** More than the kernel takes in for a client that does not read. */
  const LARGE = Buffer.alloc(32 * 1024 * 1024, 'x');

  it('that is slow makes the engine pause, and go on when it has caught up', async () => {
    const sockets: Socket[] = [];
    const { answer, clock } = await scene({ connect: idle(sockets) });
    grant(answer);
    const resumed = new Promise<void>((resume) => answer.head({ status: 200, headers: {} }, { resume }));
    expect(answer.chunk(LARGE)).toBe(false);
    clock.advance(59_000);
    sockets[0]?.resume();
    await resumed;
    clock.advance(59_000);
    expect(answer.chunk(Buffer.from('more'))).toBe(true);
  });

  it('that takes nothing for 60 s is given up', async () => {
    const { answer, clock, response } = await scene({ connect: idle([]) });
    const closed = once(response, 'close');
    grant(answer);
    streamHead(answer, {});
    expect(answer.chunk(LARGE)).toBe(false);
    clock.advance(59_999);
    expect(response.req.socket.destroyed).toBe(false);
    clock.advance(1);
    await closed;
    expect(response.writableFinished).toBe(false);
    expect(() => answer.complete()).toThrowError(expect.objectContaining({ code: 'cancelled' }));
    expect(clock.timers).toBe(0);
  });

  it('that takes nothing of the end is given up too', async () => {
    const { answer, clock, response } = await scene({ connect: idle([]) });
    const closed = once(response, 'close');
    grant(answer);
    streamHead(answer, {});
    answer.chunk(LARGE);
    answer.complete();
    expect(clock.timers).toBe(1);
    clock.advance(60_000);
    await closed;
    expect(clock.timers).toBe(0);
  });

  it('that leaves is written to no more', async () => {
    const { answer, clock, response, head, leave } = await scene();
    const closed = once(response, 'close');
    answer.waiting(() => 1);
    await head;
    leave();
    await closed;
    expect(clock.timers).toBe(0);
    expect(answer.started).toBe(true);
    grant(answer);
    streamHead(answer);
    expect(say(answer, CHUNK + DONE)).toBe(true);
    expect(() => answer.complete()).toThrowError(expect.objectContaining({ code: 'cancelled' }));
    answer.fail(FAILED);
    expect(response.errored).toBeNull();
  });
});
