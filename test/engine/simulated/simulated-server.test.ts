import { request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.js';
import { GollamaError } from '../../../src/base/errors.js';
import { seededRandom } from '../../../src/base/random.js';
import type { AnswerSink, Engine, EngineCall, EngineState } from '../../../src/engine/engine.js';
import { HttpUpstream } from '../../../src/engine/http-upstream.js';
import { parseFault } from '../../../src/engine/simulated/faults.js';
import { SimulatedServer, type SimulatedServerOptions } from '../../../src/engine/simulated/simulated-server.js';
import { chatCall, describeEngine } from '../../conformance/engine.js';
import { readReply } from '../../support/http-reply.js';
import { ManualClock, settled } from '../../support/manual-clock.js';

interface Begun {
  readonly server: SimulatedServer;
  readonly log: string[];
  readonly calls: EngineCall[];
  readonly ended: string[];
}

const running: SimulatedServer[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()));
});

async function begin(options: Partial<SimulatedServerOptions> = {}, clock = systemClock): Promise<Begun> {
  const log: string[] = [];
  const calls: EngineCall[] = [];
  const ended: string[] = [];
  const server = new SimulatedServer(
    {
      models: ['sim'],
      slots: 2,
      ttftMs: 2,
      tokenMs: 1,
      seed: 1,
      host: '127.0.0.1',
      port: 0,
      loadMs: 0,
      ...options,
    },
    {
      clock,
      random: seededRandom(1),
      log: (line) => log.push(line),
      onRequest: (call) => calls.push(call),
      process: {
        exit: (code) => ended.push(`exit ${code}`),
        kill: () => ended.push('kill'),
        spawnGrandchild: () => ended.push('grandchild'),
      },
    },
  );
  running.push(server);
  await server.start();
  return { server, log, calls, ended };
}

const post = (body: object) => ({ method: 'POST', body: JSON.stringify(body) });
const messages = [{ role: 'user', content: 'Hello' }];

describe('the stand-in server', () => {
  it('answers 503 on every path while it loads, also before it looks at the key', async () => {
    const clock = new ManualClock();
    const { server, log } = await begin({ loadMs: 500, apiKey: 'k' }, clock);
    for (const path of ['/health', '/v1/models', '/slots', '/v1/chat/completions']) {
      const answer = await fetch(server.url + path);
      expect(answer.status).toBe(503);
      expect(await answer.text()).toBe(readReply('loading-chat.http').body);
    }
    expect(log.join('\n')).not.toContain('listening');
    clock.advance(500);
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
    expect(log.at(-2)).toMatch(/^0\.00\.500\.000 I srv {2}llama_server: model loaded$/);
    expect(log.at(-1)).toBe(`0.00.500.000 I srv  llama_server: listening on ${server.url}`);
  });

  it('asks for the key everywhere but at /health', async () => {
    const { server } = await begin({ apiKey: 'secret' });
    const status = async (path: string, headers: Record<string, string> = {}) =>
      (await fetch(server.url + path, { headers })).status;
    expect(await status('/health')).toBe(200);
    expect(await status('/v1/models')).toBe(401);
    expect(await (await fetch(`${server.url}/slots`)).text()).toBe(readReply('auth-chat-no-key.http').body);
    expect(await status('/no/such/path')).toBe(401);
    expect(await status('/v1/models', { authorization: 'Bearer wrong' })).toBe(401);
    expect(await status('/v1/models', { authorization: 'Bearer secret' })).toBe(200);
    expect(await status('/v1/models', { 'x-api-key': 'secret' })).toBe(200);
  });

  it('keeps the connection after an answer, and closes it after an error and after a stream', async () => {
    const { server } = await begin();
    expect(await exchange(server, ['GET /health', 'GET /health'])).toEqual({ answers: 2, closed: false });
    expect(await exchange(server, ['GET /nowhere'])).toEqual({ answers: 1, closed: true });
    const stream = JSON.stringify({ messages, stream: true, max_tokens: 2 });
    expect(await exchange(server, [`POST /v1/chat/completions ${stream}`])).toEqual({ answers: 1, closed: true });
  });

  it('promises what a real one promises about connections', async () => {
    const { server } = await begin();
    const answer = await fetch(`${server.url}/health`, { headers: { origin: 'http://app.example' } });
    expect(answer.headers.get('keep-alive')).toBe('timeout=5, max=100');
    expect(answer.headers.get('server')).toBe('llama.cpp');
    expect(answer.headers.get('access-control-allow-origin')).toBe('http://app.example');
    const preflight = await fetch(`${server.url}/v1/chat/completions`, { method: 'OPTIONS' });
    expect(preflight.headers.get('access-control-allow-methods')).toBe('GET, POST, DELETE, OPTIONS');
  });

  it('frees the slot when the client goes away, streaming or not', async () => {
    const { server } = await begin();
    for (const stream of [true, false]) {
      const body = JSON.stringify({ messages, stream, max_tokens: 30_000 });
      const client = request(`${server.url}/v1/chat/completions`, { method: 'POST' });
      client.on('error', () => undefined);
      client.end(body);
      while (server.busySlots === 0) await settled();
      client.destroy();
      while (server.busySlots > 0) await settled();
    }
  });

  it.each([
    ['crash', 'exit 1'],
    ['kill', 'kill'],
  ])('ends its process under %s', async (fault, expected) => {
    const { server, ended } = await begin();
    const answer = await fetch(
      `${server.url}/v1/chat/completions`,
      post({ messages, stream: true, simulate_fault: fault }),
    );
    await expect(answer.text()).rejects.toThrow();
    expect(ended).toEqual([expected]);
  });

  it('exits while loading under exit-at-load, with the words of a bad model', async () => {
    const { log, ended } = await begin({ faults: [plan('exit-at-load')], modelPath: 'bad.gguf' });
    expect(ended).toEqual(['exit 1']);
    expect(log.join('\n')).toContain("failed to load model, 'bad.gguf'");
  });

  it('loads for ever under never-ready, and longer under slow-ready', async () => {
    const clock = new ManualClock();
    const never = await begin({ faults: [plan('never-ready')] }, clock);
    const slow = await begin({ faults: [plan('slow-ready')], loadMs: 100 }, clock);
    clock.advance(2_099);
    expect((await fetch(`${slow.server.url}/health`)).status).toBe(503);
    clock.advance(1);
    expect((await fetch(`${slow.server.url}/health`)).status).toBe(200);
    clock.advance(3_600_000);
    expect((await fetch(`${never.server.url}/health`)).status).toBe(503);
  });

  it('prints a long line and leaves a grandchild behind when it is told to', async () => {
    const { log, ended } = await begin({ faults: [plan('long-log-line'), plan('grandchild')] });
    expect(Math.max(...log.map((line) => line.length))).toBeGreaterThan(200 * 1024);
    expect(ended).toEqual(['grandchild']);
  });

  it('says which port is taken', async () => {
    const { server } = await begin();
    const port = Number(new URL(server.url).port);
    await expect(begin({ port })).rejects.toMatchObject({ code: 'configuration' });
  });

  it('stops at once, with a stream open', async () => {
    const { server } = await begin();
    const answer = await fetch(
      `${server.url}/v1/chat/completions`,
      post({ messages, stream: true, max_tokens: 30_000 }),
    );
    await server.stop();
    await expect(answer.text()).rejects.toThrow();
    await server.stop();
    while (server.busySlots > 0) await settled();
  });
});

describeEngine(
  'an HTTP client of the stand-in server',
  async () => {
    const { server, calls } = await begin();
    return {
      engine: new PlainHttpEngine(server.url),
      until: (promise) => promise,
      busySlots: () => server.busySlots,
      lastBody: () => calls.at(-1)?.body,
    };
  },
  { slotsUnknown: true, freesLater: true },
);

/** The least that makes an engine of an HTTP client: judges the server and the suite, not itself. */
class PlainHttpEngine implements Engine {
  readonly name = 'plain';
  readonly kind = 'openai';
  readonly countsUnasked = true;
  readonly #url: string;
  readonly #listeners = new Set<() => void>();
  #upstream: HttpUpstream | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  async start(): Promise<void> {
    this.#upstream ??= new HttpUpstream({ baseUrl: this.#url });
    for (const listener of this.#listeners) listener();
  }

  async stop(): Promise<void> {
    const upstream = this.#upstream;
    this.#upstream = undefined;
    await upstream?.close();
    for (const listener of this.#listeners) listener();
  }

  status() {
    const state: EngineState = this.#upstream ? 'ready' : 'stopped';
    return { state, models: ['sim'], slots: 0, contextTokens: undefined, restarts: 0, problem: undefined };
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  forward(call: EngineCall, sink: AnswerSink, signal: AbortSignal): Promise<void> {
    if (!this.#upstream) return Promise.reject(new GollamaError('engine_unavailable', 'not started'));
    return this.#upstream.forward(call, sink, signal);
  }

  recycle(): void {}
}

function plan(text: string) {
  return parseFault(text) ?? expect.fail(`no such fault: ${text}`);
}

/** Sends requests one by one over one connection; tells whether the server closed it behind the last answer. */
function exchange(server: SimulatedServer, requests: readonly string[]): Promise<{ answers: number; closed: boolean }> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let answers = 0;
    let text = '';
    const next = () => {
      const [method, path, body = ''] = (requests[answers] ?? '').split(/ (.*?)(?: |$)(.*)/s);
      socket.write(
        `${method} ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
    };
    const end = (closed: boolean) => {
      socket.destroy();
      resolve({ answers, closed });
    };
    socket.on('connect', next);
    socket.on('error', reject);
    socket.on('data', (bytes) => {
      text += bytes.toString('utf8');
      if (!isComplete(text)) return;
      text = '';
      answers++;
      if (answers < requests.length) next();
      // An answer that leaves the connection open is followed by nothing: one more answer proves it.
      else if (answers === requests.length && requests.at(-1) === 'GET /health') end(false);
    });
    socket.on('end', () => end(true));
  });
}

function isComplete(text: string): boolean {
  const [head = '', body = ''] = text.split(/\r\n\r\n(.*)/s);
  const length = /content-length: (\d+)/i.exec(head)?.[1];
  return length === undefined ? body.endsWith('0\r\n\r\n') : Buffer.byteLength(body) >= Number(length);
}

describe('a request that no engine ever sent', () => {
  it('is answered like any other', async () => {
    const { server } = await begin();
    const call = chatCall({ stream: false });
    const answer = await fetch(server.url + call.path, { method: 'PUT', body: call.body });
    expect(answer.status).toBe(404);
  });
});
