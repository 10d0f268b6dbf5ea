/** The faults of the reference gateway, by their numbers in the list of them: each of these tests fails on the reference. */

import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { isGroupRunning } from '../../src/engine/supervisor/process-identity.js';
import { atEnd, endAll } from '../support/ending.js';
import { chatCompletion, FakeUpstream } from '../support/fake-upstream.js';
import { GollamaProcess, gollama } from '../support/gollama-process.js';
import { begin, open, send } from '../support/http.js';
import { load } from '../support/load.js';
import { puppet, referenceSetup, simulation } from '../support/reference-setup.js';
import { CHAT, QUESTION, relayedGateway, waiting } from '../support/relayed-gateway.js';
import { startApp } from '../support/start-app.js';

afterEach(endAll);

const FAKE_ENGINE = fileURLToPath(new URL('../support/fake-engine.mjs', import.meta.url));
const fakeEngine = (options: string) => `exec "${process.execPath}" "${FAKE_ENGINE}" ${options} "$@"`;

describe('fault 1: the engine is killed before its answers are complete', () => {
  it('does not happen: a request under way is answered, and an engine that has ended is not waited for', async () => {
    const begun = await puppet({ stop_timeout: '1h' }, { slots: 2 });
    begun.say('listening');
    const server = await GollamaProcess.serve([], { place: begun.place });
    await server.ready();
    const asked = open(server.url + CHAT, { body: QUESTION });
    const call = await begun.upstream.next();
    server.signal('SIGTERM');
    await server.record(({ msg }) => msg.startsWith('draining'));
    call.answer(200, chatCompletion('complete'));
    expect((await asked).status).toBe(200);
    expect(await server.ended).toEqual({ code: 0, signal: null });
  });
});

describe('fault 2: "not ready yet" counts as ready', () => {
  it('does not happen with the default pattern: /health has the last word', async () => {
    const begun = await puppet({}, { slots: 1 });
    begun.upstream.health = 503;
    begun.say('not ready yet; HTTP server is listening, already');
    const app = await startApp(begun.yaml, { place: begun.place, startEngines: false });
    const started = app.app.startEngines();
    for (let look = 0; look < 3; look += 1) await begun.upstream.looked();
    expect((await send(`${app.url}/healthz`)).status).toBe(503);
    begun.upstream.health = 200;
    await started;
  });
});

describe('fault 3: a child that dies at its start is noticed after start_timeout only', () => {
  it('does not happen: it is told at once', async () => {
    const { place } = await referenceSetup('exit 7', { start_timeout: '24h' });
    const ended = await gollama(['serve', '--port', '0'], { place });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain('it ended with exit code 7');
  });
});

describe('fault 4: a log line of more than 64 KiB stops the engine', () => {
  it('does not happen: the engine goes on, and so does its log', async () => {
    const { place, yaml } = await referenceSetup(fakeEngine('--long-line 3000000 --say "and then this line"'));
    const app = await startApp(yaml, { place });
    const answer = await send(app.url + CHAT, { body: { ...QUESTION, max_tokens: 2 } });
    expect(answer.status).toBe(200);
    expect(app.log.some(({ line }) => line === 'and then this line')).toBe(true);
    expect(app.log.every(({ line }) => String(line ?? '').length < 200_000)).toBe(true);
  });
});

describe('fault 5: a slow upload holds a slot', () => {
  it('does not happen: others are served meanwhile', async () => {
    const { upstream, app } = await relayedGateway('queue: {max_concurrency: 1}');
    const { hostname, port } = new URL(app.url);
    const slow = connect(Number(port), hostname);
    atEnd(() => slow.destroy());
    await once(slow, 'connect');
    slow.write(`POST ${CHAT} HTTP/1.1\r\nHost: ${hostname}\r\nContent-Length: 500\r\n\r\n{"model":`);
    const asked = open(app.url + CHAT, { body: QUESTION });
    (await upstream.next()).answer(200, chatCompletion('ok'));
    expect((await asked).status).toBe(200);
    expect(load(app.status()).running).toBe(0);
  });

  it('is given up where it stalls, with 408', async () => {
    const { app } = await relayedGateway('server: {upload_timeout: 200ms, header_timeout: 100ms}');
    const { hostname, port } = new URL(app.url);
    const slow = connect(Number(port), hostname).setEncoding('utf8');
    atEnd(() => slow.destroy());
    let told = '';
    slow.on('data', (text: string) => {
      told += text;
    });
    slow.write(`POST ${CHAT} HTTP/1.1\r\nHost: ${hostname}\r\nContent-Length: 500\r\n\r\n{"model":`);
    await once(slow, 'close');
    expect(told).toMatch(/^HTTP\/1\.1 408 [\s\S]*"code":"upload_timeout"/);
  });

  it('cannot be larger than server.max_body: 413', async () => {
    const { upstream, app } = await relayedGateway('server: {max_body: 1KiB}');
    const answer = await send(app.url + CHAT, { body: 'x'.repeat(1025) });
    expect([answer.status, answer.error.code, upstream.count]).toEqual([413, 'body_too_large', 0]);
  });
});

describe('fault 6: while the engine is down, requests queue and then fail', () => {
  it('does not happen: with an engine that has given up they are refused at once, with Retry-After', async () => {
    const { upstream, app } = await relayedGateway('queue: {wait_timeout: 0s}');
    await upstream.stop();
    await send(app.url + CHAT, { body: QUESTION });
    expect(app.status().engines[0]?.state).toBe('unreachable');
    const answer = await send(app.url + CHAT, { body: QUESTION });
    expect([answer.status, answer.error.code]).toEqual([503, 'engine_unavailable']);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
  });
});

describe('fault 7: refusals that no client understands', () => {
  it('do not happen: 429 has Retry-After, the OpenAI envelope and a code', async () => {
    const { upstream, app } = await relayedGateway('queue: {max_concurrency: 1, wait_timeout: 20ms}');
    void open(app.url + CHAT, { body: QUESTION });
    await upstream.next();
    const answer = await send(app.url + CHAT, { body: QUESTION });
    expect(answer.status).toBe(429);
    expect(answer.headers['retry-after']).toMatch(/^([1-9]|[1-5]\d|60)$/);
    expect(Object.keys(answer.error)).toEqual(['message', 'type', 'param', 'code']);
    expect(answer.headers['x-request-id']).toMatch(/^[\w-]{8,}$/);
  });
});

describe('fault 8: a queue without bound, priorities, fairness or numbers', () => {
  it('has a bound: one more request is refused at once', async () => {
    const { upstream, app } = await relayedGateway('queue: {max_concurrency: 1, max_waiting: 1}');
    void open(app.url + CHAT, { body: QUESTION });
    await upstream.next();
    void begin(app.url + CHAT, { body: QUESTION });
    await waiting(app, 1);
    const answer = await send(app.url + CHAT, { body: QUESTION });
    expect([answer.status, answer.error.code]).toEqual([429, 'queue_full']);
    expect(answer.headers['retry-after']).toBeDefined();
  });

  it('has priorities: the higher one goes first, whenever it came', async () => {
    const { upstream, app } = await relayedGateway('queue: {max_concurrency: 1}');
    void open(app.url + CHAT, { body: QUESTION });
    const first = await upstream.next();
    for (const [at, priority] of ['low', '5', 'critical', 'high', '20'].entries()) {
      const headers = { 'x-gollama-priority': priority };
      void begin(app.url + CHAT, { body: { ...QUESTION, priority }, headers }).head;
      await waiting(app, at + 1);
    }
    first.answer(200, chatCompletion('ok'));
    const order: unknown[] = [];
    for (let served = 0; served < 5; served += 1) {
      const call = await upstream.next();
      order.push(call.json.priority);
      call.answer(200, chatCompletion('ok'));
    }
    expect(order).toEqual(['20', 'critical', 'high', '5', 'low']);
  });

  it('is fair: a key holds no more than its share, and the others go past it', async () => {
    const keys = '{key: sk-a, name: a, max_concurrency: 1}, {key: sk-b, name: b}';
    const { upstream, app } = await relayedGateway(`server: {api_keys: [${keys}]}\nqueue: {max_concurrency: 2}`);
    const ask = (key: string) =>
      open(app.url + CHAT, { body: { ...QUESTION, key }, headers: { authorization: `Bearer ${key}` } });
    void ask('sk-a');
    await upstream.next();
    void ask('sk-a').catch(() => {});
    await waiting(app, 1);
    const other = ask('sk-b');
    const call = await upstream.next();
    expect(call.json.key).toBe('sk-b');
    call.answer(200, chatCompletion('ok'));
    expect((await other).status).toBe(200);
  });

  it('has numbers: depth, waits, outcomes and tokens at /metrics', async () => {
    const { upstream, app } = await relayedGateway();
    const asked = send(app.url + CHAT, { body: QUESTION });
    (await upstream.next()).answer(200, chatCompletion('ok'));
    await asked;
    const { text } = await send(`${app.url}/metrics`);
    expect(text).toMatch(/gollama_requests_total\{path="\/v1\/chat\/completions",model="m",outcome="completed"\} 1/);
    expect(text).toMatch(/gollama_completion_tokens_total\{model="m"\} 5/);
    expect(text).toContain('gollama_queue_depth{priority="10"} 0');
    expect(text).toMatch(/gollama_queue_wait_seconds_count\{model="m"\} 1/);
  });
});

describe('fault 9: a crash loop at a fixed interval for ever, without a reason', () => {
  it('does not happen: the loop ends, /healthz tells it, and status says why', async () => {
    const once = `[ -e begun ] && { echo "E error loading model: bad magic" >&2; exit 1; }; : > begun; ${fakeEngine('')}`;
    const { place, yaml } = await referenceSetup(once, { restart_backoff: '20ms' });
    const app = await startApp(yaml, { place });
    const seen: unknown[] = [];
    app.app.onEngineChange(() => seen.push(app.status().engines[0]?.state));
    const [started] = app.log.filter(({ msg }) => msg === 'engine process started');
    process.kill(Number(started?.pid), 'SIGKILL');
    await vi.waitFor(() => expect(app.status().engines[0]?.state).toBe('crash-loop'), { timeout: 15_000 });
    expect(seen.filter((state) => state === 'backoff')).toHaveLength(4);
    const health = await send(`${app.url}/healthz`);
    expect(health.status).toBe(503);
    expect(health.json()).toMatchObject({ status: 'engine_not_ready', engines: [{ state: 'crash-loop' }] });
    expect((await send(`${app.url}/api/status`)).json()).toMatchObject({
      engines: [{ state: 'crash-loop', last_error: expect.stringContaining('bad magic') }],
    });
    const answer = await send(app.url + CHAT, { body: QUESTION });
    expect([answer.status, answer.error.code]).toEqual([503, 'engine_unavailable']);
    expect(answer.error.message).toContain('bad magic');
  });
});

async function baseGateway(base: string) {
  const upstream = await FakeUpstream.start();
  const app = await startApp(`engines: [{kind: openai, base_url: "${upstream.url}${base}"}]`);
  return { upstream, app };
}

describe('fault 10: one path alone, and headers of one connection passed on', () => {
  it.each(['/v1/completions', '/v1/embeddings', '/v1/audio/speech', '/v1/rerank'])('relays %s too', async (path) => {
    const { upstream, app } = await relayedGateway();
    const asked = send(app.url + path, { body: { model: 'm', input: 'x' } });
    const call = await upstream.next();
    expect(call.request.url).toBe(path);
    call.answer(200, { ok: true });
    expect((await asked).json()).toEqual({ ok: true });
  });

  it('lists the models of all engines', async () => {
    const [one, two] = [
      await FakeUpstream.start({ models: ['a', 'b'] }),
      await FakeUpstream.start({ models: ['b', 'c'] }),
    ];
    const engines = [one, two].map(({ url }, at) => `{kind: openai, name: e${at}, base_url: "${url}"}`);
    const app = await startApp(`engines: [${engines}]`);
    const { data } = (await send(`${app.url}/v1/models`)).json<{ data: { id: string }[] }>();
    expect(data.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect((await send(`${app.url}/v1/models/nope`)).error.code).toBe('model_not_found');
  });

  it.each(['/prefix', '/prefix/v1', '/v1/'])('keeps the path %s of base_url', async (base) => {
    const { upstream, app } = await baseGateway(base);
    const asked = send(app.url + CHAT, { body: QUESTION });
    const call = await upstream.next();
    expect(call.request.url).toBe(base === '/v1/' ? CHAT : `/prefix${CHAT}`);
    call.answer(200, chatCompletion('ok'));
    await asked;
  });
});

describe('fault 11: grandchildren survive', () => {
  it('does not happen: the whole group ends with the engine', async () => {
    const { place, yaml } = await referenceSetup(fakeEngine('--grandchild'), { stop_timeout: '2s' });
    const app = await startApp(yaml, { place });
    await vi.waitFor(() => expect(app.log.some(({ line }) => /^grandchild \d/.test(String(line)))).toBe(true));
    const [started] = app.log.filter(({ msg }) => msg === 'engine process started');
    expect(isGroupRunning(Number(started?.pid))).toBe(true);
    await app.stop();
    expect(isGroupRunning(Number(started?.pid))).toBe(false);
  });
});

describe('fault 12: an engine is always started', () => {
  it('does not happen: --upstream uses one that runs already', async () => {
    const upstream = await FakeUpstream.start({ answer: (call) => call.answer(200, chatCompletion('theirs')) });
    const server = await GollamaProcess.serve(['--upstream', upstream.url]);
    const url = await server.ready();
    expect((await send(url + CHAT, { body: QUESTION })).text).toContain('theirs');
    expect(server.enginePids).toEqual([]);
  });
});

describe('fault 13: the sample configuration does not work', () => {
  it('does: ~ in an argument is the home folder, and a missing file is told before anything starts', async () => {
    const { place, yaml } = await referenceSetup(fakeEngine(''));
    const app = await startApp(yaml, { place });
    const { port } = new URL(/base_url: "(.*)"/.exec(yaml)?.[1] ?? '');
    await send(app.url + CHAT, { body: { ...QUESTION, max_tokens: 1 } });
    const seen = (await send(`http://127.0.0.1:${port}/seen`)).json<{ args: string[] }>();
    expect(seen.args).toContain(`${place.home}/Models/qwen2.5-7b-instruct-q4_k_m.gguf`);
    expect(seen.args.join(' ')).not.toContain('~');

    const other = await referenceSetup(simulation());
    const ended = await gollama(['serve', '--port', '0'], { place: { ...other.place, home: '/nonexistent' } });
    expect(ended.code).toBe(4);
    expect(ended.stderr).toMatch(/error: the model file \/nonexistent\/Models\/.* does not exist/);
  });
});
