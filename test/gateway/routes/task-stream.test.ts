import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { GollamaError } from '../../../src/base/errors.js';
import { atEnd, endAll } from '../../support/ending.js';
import { open, send } from '../../support/http.js';
import { startTaskGateway } from '../../support/task-gateway.js';

afterEach(endAll);

const CHAT = { type: 'chat', model: 'm', payload: { messages: [{ role: 'user', content: 'hi' }] } };

/** A task `t` whose log can be written by the test. */
async function start() {
  const started = await startTaskGateway();
  await send(`${started.url}/api/tasks`, { body: { ...CHAT, id: 't' } });
  const stream = (after: string | undefined, how: 'query' | 'header' = 'query') => {
    const query = after !== undefined && how === 'query' ? `?after=${after}` : '';
    const headers = after !== undefined && how === 'header' ? { 'last-event-id': after } : {};
    return open(`${started.url}/api/tasks/t/stream${query}`, { headers });
  };
  const tell = (...words: string[]) => {
    for (const text of words) started.logs.append('t', { kind: 'text', text });
  };
  const done = () => started.logs.append('t', { kind: 'done', status: 'completed', usage: undefined });
  return { ...started, stream, tell, done, epoch: started.logs.epoch };
}

const textOf = (events: string[]) => events.map((data) => (JSON.parse(data) as { text?: string }).text ?? '').join('');

describe('the stream of a task', () => {
  it('has the events of the contract, each with its id, and the headers that keep proxies from holding it back', async () => {
    const { logs, stream, epoch } = await start();
    logs.append('t', { kind: 'state', status: 'running' });
    logs.append('t', { kind: 'reasoning', text: 'hm' });
    logs.append('t', { kind: 'text', text: 'é\n' });
    logs.append('t', { kind: 'restart', attempt: 2 });
    logs.append('t', { kind: 'tool_call', call: { index: 0 } });
    const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
    logs.append('t', { kind: 'done', status: 'completed', usage });
    const answer = await stream(undefined);
    expect(await answer.ended).toBe('complete');
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-store, no-transform',
      'x-accel-buffering': 'no',
      'x-request-id': expect.any(String),
    });
    const events = [
      ['state', '{"status":"running"}'],
      ['reasoning', '{"text":"hm"}'],
      ['token', '{"text":"é\\n"}'],
      ['restart', '{"attempt":2}'],
      ['tool_call', '{"index":0}'],
      ['done', `{"status":"completed","usage":${JSON.stringify(usage)}}`],
    ].map(([name, data], at) => `id: ${epoch}:${at + 1}\nevent: ${name}\ndata: ${data}\n\n`);
    expect(answer.text).toBe(`retry: 1000\n\n${events.join('')}`);
  });

  it('waits for a task that has not begun, and ends with its failure', async () => {
    const { logs, stream, tell } = await start();
    const answer = await stream(undefined);
    await answer.until('retry: 1000\n\n');
    tell('a');
    await answer.until('"a"');
    logs.append('t', { kind: 'error', message: 'boom', code: 'engine_error' });
    expect(await answer.ended).toBe('complete');
    expect(answer.text).toContain('event: error\ndata: {"message":"boom","code":"engine_error"}\n\n');
  });

  it('goes on behind any position, with nothing twice and nothing lost', async () => {
    const { stream, tell, done, epoch } = await start();
    const words = Array.from({ length: 600 }, (_, at) => `${at} `);
    tell(...words.slice(0, 300));
    for (const after of ['0', '1', '299', `${epoch}:0`, `${epoch}:150`]) {
      const answer = await stream(after, after.length % 2 === 0 ? 'header' : 'query');
      await answer.until(`:300\n`);
      answer.leave();
      expect(textOf(answer.events)).toBe(words.slice(Number(after.split(':').at(-1)), 300).join(''));
    }
    const live = await stream('300');
    tell(...words.slice(300));
    done();
    await live.ended;
    expect(textOf(live.events)).toBe(words.slice(300).join(''));
  });

  it('takes the header before the query, as a browser that connects again sends both', async () => {
    const { url, tell, done, epoch } = await start();
    tell('a', 'b');
    done();
    const headers = { 'last-event-id': `${epoch}:2` };
    const answer = await send(`${url}/api/tasks/t/stream?after=0`, { headers });
    expect(answer.text).toBe(
      `retry: 1000\n\nid: ${epoch}:3\nevent: done\ndata: {"status":"completed","usage":null}\n\n`,
    );
  });

  it('is over behind its last event: 204', async () => {
    const { stream, tell, done, epoch } = await start();
    tell('a');
    done();
    for (const after of ['2', `${epoch}:2`]) {
      const answer = await stream(after);
      await answer.ended;
      expect([answer.status, answer.text]).toEqual([204, '']);
    }
  });

  it.each(['3', 'older:1'])('is gone from a position that is not in it: %s', async (after) => {
    const { stream, tell, done } = await start();
    tell('a');
    done();
    const answer = await stream(after);
    await answer.ended;
    expect([answer.status, answer.json()]).toEqual([410, { error: expect.stringContaining('not kept') }]);
  });

  it('begins anew for a client that had nothing of an older one', async () => {
    const { stream, tell, done } = await start();
    tell('a');
    done();
    const answer = await stream('older:0');
    await answer.ended;
    expect(textOf(answer.events)).toBe('a');
  });

  it.each(['x', '-1', '1.5', 'a:b:1', ':1'])('refuses the position %s', async (after) => {
    const { stream } = await start();
    const answer = await stream(after);
    await answer.ended;
    expect([answer.status, answer.json()]).toEqual([400, { error: expect.stringContaining('after') }]);
  });

  it('says that it lives when it is silent', async () => {
    const { clock, stream } = await start();
    const answer = await stream(undefined);
    await answer.until('retry');
    await clock.advanceAsync(15_000);
    await answer.until(': hb\n\n');
    await clock.advanceAsync(15_000);
    await answer.until(': hb\n\n: hb\n\n');
  });

  it('has no HEAD, which would never end', async () => {
    const { url } = await start();
    expect((await send(`${url}/api/tasks/t/stream`, { method: 'HEAD' })).status).toBe(405);
  });

  it('leaves nothing behind when its client goes', async () => {
    const { active, clock, stream } = await start();
    const idleTimers = clock.timers;
    const answer = await stream(undefined);
    await answer.until('retry');
    expect(active.size).toBe(1);
    answer.leave();
    while (active.size > 0 || clock.timers > idleTimers) await new Promise((resolve) => setImmediate(resolve));
  });

  it('ends when the server stops, without an end of the answer', async () => {
    const { active, stream, tell } = await start();
    tell('a');
    const answer = await stream(undefined);
    await answer.until('"a"');
    active.abortAll(new GollamaError('shutting_down', 'stop'));
    expect(await answer.ended).toBe('complete');
    expect(answer.text).not.toContain('event: done');
  });

  it('holds little for a client that does not read, and is closed after a minute', async () => {
    const { active, clock, logs, url } = await start();
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    atEnd(() => socket.destroy());
    socket.on('error', () => {});
    socket.pause();
    socket.write('GET /api/tasks/t/stream HTTP/1.1\r\nHost: localhost\r\n\r\n');
    let reads = 0;
    const { read } = logs;
    logs.read = (...position) => {
      reads += 1;
      return read.apply(logs, position);
    };
    for (let at = 0; at < 3_000; at += 1) logs.append('t', { kind: 'text', text: 'x'.repeat(10_000) });
    const idleTimers = clock.timers;
    while (active.size === 0 || clock.timers <= idleTimers) await new Promise((resolve) => setImmediate(resolve));
    expect(reads).toBeLessThan(8);
    await clock.advanceAsync(59_999);
    expect(active.size).toBe(1);
    await clock.advanceAsync(1);
    socket.resume();
    await once(socket, 'close');
    expect(active.size).toBe(0);
  });
});

describe('the stream of a task whose log is not kept', () => {
  async function ended(settlement: Parameters<Awaited<ReturnType<typeof start>>['settle']>[0]) {
    const started = await start();
    await started.settle(settlement);
    return started;
  }
  const result = {
    model: 'm',
    message: { role: 'assistant', content: 'héllo', thinking: 'hm' },
    eval_count: 2,
    prompt_eval_count: 3,
  };

  it('is told from its result, whole', async () => {
    const { stream } = await ended({ kind: 'completed', result: JSON.stringify(result) });
    const answer = await stream(undefined);
    expect(await answer.ended).toBe('complete');
    expect(answer.text).toBe(
      'retry: 1000\n\n' +
        'id: final:1\nevent: reasoning\ndata: {"text":"hm"}\n\n' +
        'id: final:2\nevent: token\ndata: {"text":"héllo"}\n\n' +
        'id: final:3\nevent: done\n' +
        'data: {"status":"completed","usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}\n\n',
    );
  });

  it('goes on behind its own events, and is over behind the last', async () => {
    const { stream } = await ended({ kind: 'completed', result: JSON.stringify(result) });
    const second = await stream('final:1');
    await second.ended;
    expect(textOf(second.events)).toBe('héllo');
    const last = await stream('final:3');
    await last.ended;
    expect(last.status).toBe(204);
  });

  it('is gone for a client that had something of it', async () => {
    const { stream, epoch } = await ended({ kind: 'completed', result: JSON.stringify(result) });
    for (const after of ['1', `${epoch}:1`]) {
      const answer = await stream(after);
      await answer.ended;
      expect(answer.status).toBe(410);
    }
  });

  it('tells what a generated text, embeddings and a failure came to', async () => {
    const generated = await ended({ kind: 'completed', result: '{"response":"yes"}' });
    const answer = await generated.stream('0');
    await answer.ended;
    expect(answer.events).toEqual(['{"text":"yes"}', '{"status":"completed","usage":null}']);
    const embedded = await ended({ kind: 'completed', result: '{"embeddings":[[1]]}' });
    const embedding = await embedded.stream('0');
    await embedding.ended;
    expect(embedding.events).toEqual(['{"status":"completed","usage":null}']);
    const failed = await ended({ kind: 'failed', error: 'boom' });
    const failure = await failed.stream('0');
    await failure.ended;
    expect(failure.events).toEqual(['{"message":"boom","code":"engine_error"}']);
  });
});
