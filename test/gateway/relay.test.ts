import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { GollamaError } from '../../src/base/errors.js';
import { Metrics } from '../../src/base/metrics.js';
import { type AnswerSink, type HeaderFields, SlotStuckError } from '../../src/engine/engine.js';
import { ActiveRequests } from '../../src/gateway/active-requests.js';
import { Relay } from '../../src/gateway/relay.js';
import { RequestBook } from '../../src/gateway/request-book.js';
import { Pool } from '../../src/pool/pool.js';
import { Arrivals } from '../../src/queue/arrivals.js';
import { Dispatcher } from '../../src/queue/dispatcher.js';
import { atEnd, endAll } from '../support/ending.js';
import { type Answer, begin, type Sending } from '../support/http.js';
import { ManualClock, settled } from '../support/manual-clock.js';
import { type RecordedLine, recordingLogger } from '../support/recording-logger.js';
import { type Script, ScriptedEngine, type ScriptedEngineOptions } from '../support/scripted-engine.js';

const CHUNK = 'data: {"choices":[{"delta":{"content":"a"}}]}\n\n';
const USAGE = 'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":5}}\n\n';
const DONE = 'data: [DONE]\n\n';
const JSON_HEAD = { 'content-type': 'application/json' };

afterEach(endAll);

const unavailable = () => Promise.reject(new GollamaError('engine_unavailable', 'upstream unavailable (ECONNREFUSED)'));
const broken = () => Promise.reject(new GollamaError('engine_error', 'the engine closed the connection'));

function give(sink: AnswerSink, body: string, headers: HeaderFields = JSON_HEAD, status = 200): void {
  sink.head({ status, headers }, { resume() {} });
  sink.chunk(Buffer.from(body));
}

const json =
  (body: string, status = 200): Script =>
  (_call, sink) =>
    give(sink, body, JSON_HEAD, status);
const stream =
  (...events: string[]): Script =>
  (_call, sink) =>
    give(sink, events.join(''), { 'content-type': 'text/event-stream' });
/** Sends `text` and then nothing, until it is aborted. */
const untilAborted =
  (text = ''): Script =>
  (_call, sink, signal) => {
    if (text !== '') give(sink, text, { 'content-type': 'text/event-stream' });
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(new GollamaError('cancelled', 'aborted')));
    });
  };

interface Scene {
  readonly clock: ManualClock;
  readonly metrics: Metrics;
  readonly active: ActiveRequests;
  readonly pool: Pool;
  /** Lines that were written when requests ended. */
  readonly records: RecordedLine[];
  /** How many requests are handled to their end. */
  handled: number;
  send(body: unknown, options?: { path?: string; headers?: Record<string, string> }): Sending;
  /** Sends and waits for the whole answer, and until the request is handled. */
  ask(body: unknown, options?: { path?: string }): Promise<Answer>;
  /** Resolves when `count` requests are handled. */
  until(count: number): Promise<void>;
}

interface Setup {
  readonly simulated?: boolean;
  readonly aliases?: readonly string[];
  readonly waitingMax?: number;
}

/** A relay behind a real HTTP server, in front of these engines. */
async function scene(engines: readonly ScriptedEngine[], setup: Setup = {}): Promise<Scene> {
  const clock = new ManualClock();
  const { logger, lines } = recordingLogger();
  const metrics = new Metrics();
  const active = new ActiveRequests();
  const members = engines.map((engine) => ({ engine, models: [], aliases: setup.aliases ?? [], weight: 1 }));
  const pool = new Pool(members, logger);
  await pool.start();
  const limits = {
    inFlightMax: 100,
    waitingMax: setup.waitingMax ?? 100,
    waitingBytesMax: 1_000_000,
    waitMaxMs: 60_000,
    startWaitMaxMs: 60_000,
  };
  const dispatcher = new Dispatcher({ clock, pool, limits, arrivals: new Arrivals() });
  const heartbeatMs = 15_000;
  const book = new RequestBook({ clock, logger, metrics });
  atEnd(() => book.close());
  const parts = { pool, dispatcher, clock, book, heartbeatMs, simulated: setup.simulated ?? false };
  const relay = new Relay(parts);
  const waiting = new Set<() => void>();
  const server = createServer(async (request, response) => {
    const body: Buffer[] = [];
    for await (const part of request) body.push(part as Buffer);
    const caller = { name: 'somebody', admin: false, maxPriority: undefined, maxConcurrency: undefined };
    const headers = { 'content-type': 'application/json' };
    const path = request.url ?? '';
    const { signal } = active.add(response);
    await relay.handle(
      { id: 'r1', caller, priority: 5, path, headers, body: Buffer.concat(body), answerHeaders: {}, signal },
      response,
    );
    made.handled += 1;
    for (const look of waiting) look();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const made: Scene = {
    clock,
    get metrics() {
      book.flush();
      return metrics;
    },
    active,
    pool,
    get records() {
      book.flush();
      return lines.filter(({ message }) => message.startsWith('request '));
    },
    handled: 0,
    send: (body, { path = '/v1/chat/completions', headers } = {}) =>
      begin(`${url}${path}`, { body, ...(headers ? { headers } : {}) }),
    async ask(body, options) {
      const before = made.handled;
      const answer = await made.send(body, options).head;
      await answer.ended;
      await made.until(before + 1);
      return answer;
    },
    until: (count) =>
      new Promise((resolve) => {
        const look = () => {
          if (made.handled >= count) resolve();
        };
        waiting.add(look);
        look();
      }),
  };
  return made;
}

const engine = (options?: ScriptedEngineOptions, ...scripts: Script[]) =>
  new ScriptedEngine(options).answers(...scripts);

/** Lets real sockets and promises go on until `isTrue`. */
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await settled();
}

describe('a request', () => {
  it('reaches the engine byte for byte, where nothing has to be changed', async () => {
    const one = engine({}, json('{}'));
    const { ask } = await scene([one]);
    const body = Buffer.from('{ "seed":12345678901234567890,"model" :"m", "temperature":1.0,\n"messages":[]}');
    await ask(body, { path: '/v1/chat/completions?a=b' });
    expect(one.calls[0]?.body.equals(body)).toBe(true);
    expect(one.calls[0]).toMatchObject({ method: 'POST', path: '/v1/chat/completions?a=b', stream: false });
  });

  it('reaches the engine although it is no JSON', async () => {
    const one = engine({}, json('{"error":{}}', 400));
    const answer = await (await scene([one])).ask('not JSON');
    expect(one.calls[0]?.body.toString()).toBe('not JSON');
    expect(answer.status).toBe(400);
  });

  it('is refused with the reason where it is no JSON and several engines could be meant', async () => {
    const both = [engine({ models: ['m'] }, json('{}')), engine({ models: ['n'] }, json('{}'))];
    const answer = await (await scene(both)).ask('{"model":"m",}x');
    expect([answer.status, answer.error.message]).toEqual([400, expect.stringContaining('no JSON object')]);
    expect(both.flatMap(({ calls }) => calls)).toEqual([]);
  });

  it('names the engine its own model where an alias was asked for, and leaves the rest alone', async () => {
    const one = engine({ models: ['real'] }, json('{}'));
    const { ask } = await scene([one], { aliases: ['nice'] });
    await ask('{"seed":12345678901234567890,"model":"nice","x":{"model":"nice"}}');
    expect(one.calls[0]?.body.toString()).toBe('{"seed":12345678901234567890,"model":"real","x":{"model":"nice"}}');
  });

  it('for a stream asks for usage and does not show it', async () => {
    const one = engine({}, stream(CHUNK, USAGE, DONE));
    const it = await scene([one]);
    const answer = await it.ask('{"model":"m", "stream":true}');
    expect(one.calls[0]?.body.toString()).toBe('{"stream_options":{"include_usage":true},"model":"m", "stream":true}');
    expect(answer.text).toBe(CHUNK + DONE);
    expect(it.records[0]?.fields).toMatchObject({ prompt_tokens: 3, completion_tokens: 5 });
  });

  it.each([
    ['{"stream":true,"stream_options":{"include_usage":false,"x":1}}', { include_usage: true, x: 1 }],
    ['{"stream":true,"stream_options":null}', { include_usage: true }],
  ])('for a stream keeps other stream options: %s', async (body, options) => {
    const one = engine({}, stream(CHUNK, USAGE, DONE));
    const answer = await (await scene([one])).ask(body);
    expect(JSON.parse(one.calls[0]?.body.toString() ?? '')).toEqual({ stream: true, stream_options: options });
    expect(answer.text).toBe(CHUNK + DONE);
  });

  it.each([
    ['its client asked for usage', {}, '/v1/chat/completions', { stream_options: { include_usage: true } }],
    ['its engine counts unasked', { countsUnasked: true }, '/v1/chat/completions', {}],
    ['it goes to another API', {}, '/v1/responses', {}],
  ])('for a stream is not changed where %s', async (_what, options, path, fields) => {
    const one = engine(options, stream(CHUNK, USAGE, DONE));
    const body = JSON.stringify({ stream: true, ...fields });
    const answer = await (await scene([one])).ask(body, { path });
    expect(one.calls[0]?.body.toString()).toBe(body);
    expect(answer.text).toBe(CHUNK + USAGE + DONE);
  });
});

describe('an answer', () => {
  it('says which engine gave it, after how long and at which attempt', async () => {
    const { ask } = await scene([engine({}, json('{}'))]);
    expect((await ask({ model: 'm' })).headers).toMatchObject({
      'x-gollama-engine': 'one',
      'x-gollama-queue-ms': '0',
      'x-gollama-attempts': '1',
    });
  });

  it('says that it is simulated where no engine is configured', async () => {
    const { ask } = await scene([engine({}, json('{}'))], { simulated: true });
    expect((await ask({})).headers['x-gollama-simulated']).toBe('1');
  });

  it('with an error status is passed on, and nobody else is asked', async () => {
    const one = engine({}, json('{"error":{"message":"too long"}}', 400));
    const two = engine({ name: 'two' }, json('{}'));
    const answer = await (await scene([one, two])).ask({ model: 'm' });
    expect([answer.status, answer.json()]).toEqual([400, { error: { message: 'too long' } }]);
    expect(two.calls).toHaveLength(0);
  });
});

describe('a failed attempt', () => {
  it.each([
    ['could not be reached', unavailable],
    ['broke before the first byte', broken],
  ])('goes to another engine where its engine %s', async (_what, failure) => {
    const one = engine({ slots: 2 }, failure);
    const two = engine({ name: 'two' }, json('{"a":1}'));
    const it = await scene([one, two]);
    const { head } = it.send({ model: 'm' });
    await until(() => it.clock.timers > 0);
    await it.clock.advanceAsync(1_000);
    const answer = await head;
    await answer.ended;
    expect(answer.json()).toEqual({ a: 1 });
    expect(answer.headers).toMatchObject({ 'x-gollama-engine': 'two', 'x-gollama-attempts': '2' });
    expect([one.calls.length, two.calls.length]).toEqual([1, 1]);
    await it.until(1);
    expect(it.records.map(({ fields }) => [fields.outcome, fields.engine, fields.attempt])).toEqual([
      ['completed', 'two', 2],
    ]);
  });

  it('sends the request unchanged to the other engine, which may know the model by another name', async () => {
    const one = engine({ models: ['a'] }, broken);
    const two = engine({ name: 'two', models: ['b'] }, json('{}'));
    const it = await scene([one, two], { aliases: ['nice'] });
    const { head } = it.send('{"model":"nice"}');
    await until(() => it.clock.timers > 0);
    await it.clock.advanceAsync(1_000);
    await head;
    expect([one, two].map(({ calls }) => calls[0]?.body.toString())).toEqual(['{"model":"a"}', '{"model":"b"}']);
  });

  it('ends the request after the first byte: an error event, and nobody else is asked', async () => {
    const one = engine({}, (call, sink, signal) => {
      void untilAborted(CHUNK)(call, sink, signal);
      return broken();
    });
    const two = engine({ name: 'two' }, stream(CHUNK, DONE));
    const it = await scene([one, two]);
    const answer = await it.send({ model: 'm', stream: true }).head;
    expect(await answer.ended).toBe('complete');
    expect(answer.text.startsWith(CHUNK)).toBe(true);
    expect(JSON.parse(answer.events[1] ?? '')).toMatchObject({ error: { code: 'engine_error' } });
    expect(two.calls).toHaveLength(0);
    await it.until(1);
    expect(it.records.map(({ level, fields }) => [level, fields.outcome, fields.status])).toEqual([
      ['warn', 'failed', 200],
    ]);
  });

  it('is told in the words of the reference where no engine is left', async () => {
    const it = await scene([engine({}, unavailable)]);
    const { head } = it.send({ model: 'm' });
    await until(() => it.clock.timers > 0);
    await it.clock.advanceAsync(1_000);
    const answer = await head;
    await answer.ended;
    expect([answer.status, answer.error.message, answer.headers['retry-after']]).toEqual([
      502,
      'upstream unavailable',
      '1',
    ]);
  });

  it('with a stuck slot is told as what it was, and the slot is not used again', async () => {
    const cause = new GollamaError('engine_error', 'the engine sent nothing for too long');
    const one = engine({ slots: 2 }, (_call, sink) => {
      give(sink, CHUNK, { 'content-type': 'text/event-stream' });
      return Promise.reject(new SlotStuckError('it went on working', { cause }));
    });
    const it = await scene([one]);
    const answer = await it.send({ stream: true }).head;
    await answer.ended;
    expect(answer.events.at(-1)).toContain('the engine sent nothing for too long');
    await it.until(1);
    expect(one.recycled).toHaveLength(1);
    expect(it.pool.members[0]?.quarantined).toBe(1);
    expect(it.records[0]?.fields).toMatchObject({ outcome: 'failed' });
  });
});

/** Every way in which a request can end; `end` brings it about. */
const ENDINGS: [string, Script, unknown, Record<string, unknown>, ((it: Scene, sending: Sending) => Promise<void>)?][] =
  [
    [
      'an answer',
      json('{"usage":{"prompt_tokens":3,"completion_tokens":5}}'),
      { model: 'm' },
      {
        outcome: 'completed',
        status: 200,
        engine: 'one',
        prompt_tokens: 3,
        completion_tokens: 5,
        model: 'm',
      },
    ],
    [
      'a stream',
      stream(CHUNK, USAGE, DONE),
      { stream: true },
      {
        outcome: 'completed',
        status: 200,
        prompt_tokens: 3,
        stream: true,
        model: 'other',
      },
    ],
    ['an error status of the engine', json('{}', 500), {}, { outcome: 'completed', status: 500 }],
    ['a body with a wrong model', json('{}'), { model: 7 }, { outcome: 'refused', status: 400, engine: undefined }],
    [
      'an unexpected error',
      () => Promise.reject(new TypeError('a bug')),
      {},
      {
        outcome: 'failed',
        status: 500,
        error: 'internal: a bug',
      },
    ],
    ['a stream without an end', stream(CHUNK), { stream: true }, { outcome: 'failed', status: 200 }],
    [
      'a client that left',
      untilAborted(CHUNK),
      { stream: true },
      { outcome: 'cancelled', status: 200 },
      async (_it, sending) => {
        await (await sending.head).until('data');
        sending.leave();
      },
    ],
    [
      'a client that left before the head',
      untilAborted(),
      {},
      { outcome: 'cancelled', status: undefined },
      async (it, sending) => {
        await until(() => it.active.size > 0);
        sending.leave();
      },
    ],
    [
      'a server that stops',
      untilAborted(CHUNK),
      { stream: true },
      { outcome: 'failed', status: 200 },
      async (it, sending) => {
        await (await sending.head).until('data');
        it.active.abortAll(new GollamaError('shutting_down', 'the server stops'));
      },
    ],
    [
      'a server that stops before the head',
      untilAborted(),
      {},
      { outcome: 'failed', status: 503 },
      async (it) => {
        await until(() => it.active.size > 0);
        it.active.abortAll(new GollamaError('shutting_down', 'the server stops'));
      },
    ],
  ];

describe('the record', () => {
  it.each(ENDINGS)(
    'of a request that ends with %s is one line and one count',
    async (_what, script, body, expected, end) => {
      const it = await scene([engine({}, script)]);
      const sending = it.send(body);
      await end?.(it, sending);
      await it.until(1);
      expect(it.records).toHaveLength(1);
      expect(it.records[0]?.fields).toMatchObject({ request: 'r1', caller: 'somebody', priority: 5, ...expected });
      const { values } = await it.metrics.requests.get();
      expect(values.map(({ value, labels }) => [value, labels.outcome])).toEqual([[1, expected.outcome]]);
      expect(it.pool.members[0]?.inUse).toBe(0);
      expect(it.clock.timers).toBe(0);
    },
  );

  it('of a request that had to be refused says so', async () => {
    const it = await scene([engine({ slots: 1 }, untilAborted())], { waitingMax: 0 });
    const first = it.send({});
    await until(() => it.pool.members[0]?.inUse === 1);
    const answer = await it.send({}).head;
    await answer.ended;
    expect(answer.status).toBe(429);
    await it.until(1);
    expect(it.records.map(({ fields }) => [fields.outcome, fields.status])).toEqual([['refused', 429]]);
    first.leave();
    await it.until(2);
  });

  it('of a request that waited tells for how long', async () => {
    const it = await scene([engine({ slots: 1 }, untilAborted(), json('{}'))]);
    const first = it.send({});
    await until(() => it.pool.members[0]?.inUse === 1);
    const second = it.send({});
    await until(() => it.active.size === 2 && it.clock.timers > 0);
    it.clock.advance(1_234);
    first.leave();
    const answer = await second.head;
    await it.until(2);
    expect(answer.headers['x-gollama-queue-ms']).toBe('1234');
    expect(it.records.at(-1)?.fields).toMatchObject({ wait_ms: 1234, duration_ms: 1234, first_byte_ms: 0 });
  });

  it('holds no query and no prompt', async () => {
    const it = await scene([engine({}, json('{}'))]);
    await it.ask({ model: 'm', messages: [{ content: 'a secret' }] }, { path: '/v1/chat/completions?key=a-secret' });
    expect(JSON.stringify(it.records)).not.toContain('secret');
    expect(it.records[0]?.fields.path).toBe('/v1/chat/completions');
  });
});
