/** What users of the reference gateway rely on, one block for each requirement of its contract; engine and admission apart. */
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/parse.js';
import { listenAddressOf } from '../../src/gateway/listen-address.js';
import { endAll } from '../support/ending.js';
import { chatCompletion, chatEvent, FakeUpstream } from '../support/fake-upstream.js';
import { open, send } from '../support/http.js';
import { referenceSetup, simulation } from '../support/reference-setup.js';
import { CHAT, idle, QUESTION, relayedGateway, waiting } from '../support/relayed-gateway.js';
import { startApp } from '../support/start-app.js';

afterEach(endAll);

const gateway = () => relayedGateway('queue: {max_concurrency: 1}');

describe('CHAT-1: a JSON answer', () => {
  it('comes from exactly the bytes that the client sent', async () => {
    const { upstream, app } = await gateway();
    const body =
      '{ "model":"m",\n "seed": 12345678901234567890, "x":1.0, "messages":[{"role":"user","content":"é\\u00e9"}] } ';
    const answer = open(app.url + CHAT, { body });
    const call = await upstream.next();
    expect(call.body.toString('utf8')).toBe(body);
    call.answer(200, chatCompletion('ok'));
    await answer;
  });

  it('keeps path, query and every end-to-end header of the request, also those with several values', async () => {
    const { upstream, app } = await gateway();
    const headers = {
      authorization: 'Bearer of-the-client',
      'x-trace': ['one', 'two'],
      cookie: 'a=1; b=2',
      'user-agent': 'curl/8',
      'content-type': 'application/json; charset=utf-8',
    };
    void open(`${app.url}${CHAT}?api-version=1&q=%20a+b`, { body: QUESTION, headers });
    const call = await upstream.next();
    expect(call.request.url).toBe(`${CHAT}?api-version=1&q=%20a+b`);
    expect(call.header('authorization')).toEqual(['Bearer of-the-client']);
    expect(call.header('x-trace').join(', ')).toBe('one, two');
    expect(call.header('cookie')).toEqual(['a=1; b=2']);
    expect(call.header('user-agent')).toEqual(['curl/8']);
    expect(call.header('content-type')).toEqual(['application/json; charset=utf-8']);
  });

  it('returns status, headers and body of the engine, and no header that belongs to one connection', async () => {
    const { upstream, ask } = await gateway();
    const asked = ask({}, { connection: 'close, x-hop', 'x-hop': '1', te: 'trailers', 'proxy-connection': 'close' });
    const call = await upstream.next();
    for (const name of ['x-hop', 'te', 'proxy-connection', 'transfer-encoding']) expect(call.header(name)).toEqual([]);
    expect(call.header('host')).toEqual([`127.0.0.1:${upstream.port}`]);
    const text = '{"id":"c1", "n": 1.0}';
    call.answer(201, text, {
      'set-cookie': ['a=1', 'b=2'],
      'x-of-engine': 'yes',
      connection: 'x-engine-hop',
      'x-engine-hop': '1',
      'keep-alive': 'timeout=99',
      'content-type': 'application/json; charset=utf-8',
    });
    const answer = await asked.head;
    await answer.ended;
    expect(answer.status).toBe(201);
    expect(answer.text).toBe(text);
    expect(answer.values('set-cookie')).toEqual(['a=1', 'b=2']);
    expect(answer.headers['x-of-engine']).toBe('yes');
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.headers['x-engine-hop']).toBeUndefined();
    expect(answer.headers['keep-alive']).not.toBe('timeout=99');
  });

  it('is the same answer through the reference file and a supervised engine', async () => {
    const { place, yaml } = await referenceSetup(simulation());
    const app = await startApp(yaml, { place });
    const [engine] = app.status().engines;
    expect(engine).toMatchObject({ kind: 'llama-server', state: 'ready' });
    const body = { ...QUESTION, model: 'local', max_tokens: 4, temperature: 0.2, stream: false };
    const answer = await send(app.url + CHAT, { body });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.json()).toMatchObject({
      object: 'chat.completion',
      choices: [{ index: 0, message: { role: 'assistant', content: expect.any(String) }, finish_reason: 'length' }],
      usage: { completion_tokens: 4 },
    });
  });
});

describe('CHAT-2: a stream', () => {
  it('gives every chunk to the client before the engine sends the next', async () => {
    const { upstream, ask } = await gateway();
    const asked = ask({ stream: true }, { connection: 'keep-alive' });
    const call = await upstream.next();
    call.beginStream({ 'x-of-engine': 'yes' });
    const answer = await asked.head;
    for (const word of ['one', 'two', 'three']) {
      call.say(word);
      await answer.until(word);
    }
    call.endStream();
    expect(await answer.ended).toBe('complete');
    expect(answer.events.at(-1)).toBe('[DONE]');
    expect(answer.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache',
      connection: 'keep-alive',
      'x-of-engine': 'yes',
    });
  });

  it('is byte for byte what the engine sent', async () => {
    const { upstream, ask } = await gateway();
    const asked = ask({ stream: true, stream_options: { include_usage: true } });
    const call = await upstream.next();
    expect(call.json).toEqual({ ...QUESTION, stream: true, stream_options: { include_usage: true } });
    const text = `: comment\n\n${chatEvent('é😀')}id: 7\nretry: 5\n${chatEvent('x', 'stop')}data:[DONE]\n\n`;
    call.beginStream();
    call.response.end(text);
    const answer = await asked.head;
    await answer.ended;
    expect(answer.text).toBe(text);
  });

  it('that the engine refuses keeps status, JSON body and JSON content type', async () => {
    const { upstream, ask } = await gateway();
    const asked = ask({ stream: true });
    const refusal = '{"error":{"message":"context too long","type":"exceed_context_size_error","code":400}}';
    (await upstream.next()).answer(400, refusal);
    const answer = await asked.head;
    await answer.ended;
    expect([answer.status, answer.text]).toEqual([400, refusal]);
    expect(answer.headers['content-type']).toBe('application/json');
  });
});

describe('CHAT-3: a body that is no JSON', () => {
  it.each(['{"stream": true, oops', '', '[1,2]', '"text"'])('goes to the engine as it is: %j', async (body) => {
    const { upstream, app } = await gateway();
    const asked = open(app.url + CHAT, { body, headers: { 'content-type': 'text/plain' } });
    const call = await upstream.next();
    expect(call.body.toString()).toBe(body);
    call.answer(400, { error: { message: 'not JSON' } });
    const answer = await asked;
    await answer.ended;
    expect([answer.status, answer.error.message]).toEqual([400, 'not JSON']);
  });

  it('is not taken for a stream where "stream" is no boolean', async () => {
    const { upstream, app, ask } = await gateway();
    void ask().head;
    const running = await upstream.next();
    const asked = ask({ stream: 'true' });
    await waiting(app, 1);
    running.answer(200, chatCompletion('first'));
    const call = await upstream.next();
    call.answer(422, { error: { message: 'stream must be a boolean' } });
    expect((await asked.head).status).toBe(422);
  });
});

describe('CHAT-4: an engine that cannot be reached', () => {
  it('is answered with "upstream unavailable", in the OpenAI envelope, at once', async () => {
    const { upstream, ask, app } = await gateway();
    await upstream.stop();
    const answer = await ask().head;
    await answer.ended;
    expect([502, 503]).toContain(answer.status);
    expect(answer.error.message).toMatch(/^upstream unavailable/);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    await idle(app);
  });

  it('is told as 502 where it closes the connection without an answer', async () => {
    const upstream = await FakeUpstream.start({ answer: (call) => call.response.destroy() });
    const app = await startApp(`engines: [{kind: openai, base_url: "${upstream.url}"}]`);
    const answer = await send(app.url + CHAT, { body: QUESTION });
    expect([answer.status, answer.error.code]).toEqual([502, 'engine_error']);
  });
});

describe('HLTH-1: GET /healthz', () => {
  it('says engine_not_ready with 503 until an engine answers, then ok with 200, also to HEAD', async () => {
    const upstream = await FakeUpstream.start();
    const yaml = `engines: [{kind: openai, base_url: "${upstream.url}"}]`;
    const app = await startApp(yaml, { startEngines: false });
    const before = await send(`${app.url}/healthz`);
    expect(before.status).toBe(503);
    expect(before.text).toMatch(/^\{"status":"engine_not_ready"/);
    expect(before.headers['content-type']).toMatch(/^application\/json/);
    await app.app.startEngines();
    const after = await send(`${app.url}/healthz`);
    expect([after.status, after.text.trim()]).toEqual([200, '{"status":"ok"}']);
    expect(after.headers['content-type']).toMatch(/^application\/json/);
    const head = await send(`${app.url}/healthz`, { method: 'HEAD' });
    expect([head.status, head.text]).toEqual([200, '']);
  });
});

describe('HLTH-2: GET /health', () => {
  it('answers exactly OK', async () => {
    const app = await startApp('fallback: simulated', { startEngines: false });
    const answer = await send(`${app.url}/health`);
    expect([answer.status, answer.text]).toEqual([200, 'OK']);
    expect(answer.headers['content-type']).toMatch(/^text\/plain/);
  });
});

describe('AUTH-1: keys', () => {
  it('are not asked for on loopback by default', async () => {
    const { upstream, ask } = await gateway();
    const asked = ask();
    (await upstream.next()).answer(200, chatCompletion('ok'));
    expect((await asked.head).status).toBe(200);
  });

  it('are asked for where they are set, and do not reach the engine', async () => {
    const upstream = await FakeUpstream.start();
    const yaml = `engines: [{kind: openai, base_url: "${upstream.url}"}]\nserver: {api_keys: [sk-one, sk-two]}`;
    const app = await startApp(yaml);
    for (const headers of [{}, { authorization: 'Bearer sk-three' }, { authorization: 'sk-one' }]) {
      const refused = await send(app.url + CHAT, { body: QUESTION, headers });
      expect([refused.status, refused.error.code]).toEqual([401, 'unauthorized']);
    }
    for (const headers of [{ authorization: 'Bearer sk-one' }, { 'x-api-key': 'sk-two' }]) {
      const asked = open(app.url + CHAT, { body: QUESTION, headers });
      const call = await upstream.next();
      expect([call.header('authorization'), call.header('x-api-key')]).toEqual([[], []]);
      call.answer(200, chatCompletion('ok'));
      expect((await asked).status).toBe(200);
    }
    expect((await send(`${app.url}/healthz`)).status).toBe(200);
    expect((await send(`${app.url}/v1/models`)).status).toBe(401);
  });

  it('are needed to listen beyond this machine, unless the user says otherwise', async () => {
    const read = async (text: string) => {
      const sources = { env: {}, flags: {}, cwd: '/', home: '/', readText: () => Promise.reject(new Error('no')) };
      const { config } = await parseConfig({ ...sources, file: { name: 'f', text } });
      return listenAddressOf(config.server);
    };
    await expect(read('server: {addr: "0.0.0.0:8081"}')).rejects.toMatchObject({ code: 'configuration' });
    expect(await read('server: {addr: "0.0.0.0:8081", api_keys: [sk-one]}')).toMatchObject({ host: '0.0.0.0' });
    expect(await read('server: {addr: "0.0.0.0:8081", insecure: true}')).toMatchObject({ host: '0.0.0.0' });
    expect(await read(readFileSync(new URL('../fixtures/reference-gollama.yaml', import.meta.url), 'utf8'))).toEqual({
      host: '127.0.0.1',
      port: 8081,
      loopback: true,
    });
  });
});
