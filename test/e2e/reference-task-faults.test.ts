/**
 * The known faults of the reference task queue and of the reference channel server, by their numbers: each test would fail
 * on them. Those of their web pages alone are the dashboard's.
 */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import { newChatTask, QueueManager } from '../../src/index.js';
import type { TaskReport } from '../../src/protocol/task.js';
import { RawClient } from '../support/centrifuge-gateway.js';
import { atEnd, endAll } from '../support/ending.js';
import { eventually } from '../support/eventually.js';
import { GollamaProcess, gollama } from '../support/gollama-process.js';
import { open, send } from '../support/http.js';
import { ManualClock } from '../support/manual-clock.js';
import { makePlace } from '../support/place.js';
import { PuppetOllama } from '../support/puppet-ollama.js';
import { chat, LATER, shared, TaskClient, type TaskServer, taskServer } from '../support/reference-tasks.js';
import { startApp } from '../support/start-app.js';
import { SocketWatch } from '../support/task-gateway.js';

afterAll(endAll, 60_000);

const wide = shared();
const narrow = shared({ workers: 1 });
/** One in which only the tasks of a listing are. */
const listed = shared();
/** One that is full. */
const full = shared({ yaml: 'queue: {max_pending: 1}\nserver: {max_body: 1KiB}' });

const command = async (args: readonly string[]) => gollama(args, { env: { GOLLAMA_URL: (await wide()).url } });

/** The library, and the Ollama server behind it. */
let started: ReturnType<typeof startLibrary> | undefined;
function library() {
  started ??= startLibrary();
  return started;
}

async function startLibrary() {
  const ollama = await PuppetOllama.start();
  const retryConfig = { maxRetries: 3, initialDelay: 1, maxDelay: 5 };
  const storagePath = makePlace().dataDir;
  const queue = new QueueManager({ ollamaHost: ollama.url, storagePath, retryConfig, logLevel: 'silent' });
  atEnd(() => queue.stop());
  await queue.start();
  return { ollama, queue };
}

describe('B.12 #1: a submission never returns its id', () => {
  it('does not happen: the server, the client and the command all tell it', async () => {
    const server = await wide();
    const ended = await command(['submit', 'chat', '--model', 'm1', '--messages', 'user:x', '--delay', '1h']);
    const id = ended.stdout.trim();
    expect(await server.get(id)).toMatchObject({ id, status: 'pending' });
    expect(await server.submit(chat('x', LATER))).not.toBe('');
  });
});

describe('B.12 #2: a running task that was cancelled comes back', () => {
  it('does not happen: it stays cancelled, and is not run again', async () => {
    const server = await narrow();
    const id = await server.submit(chat('long'));
    const call = await server.ollama.next();
    await server.post(`/api/tasks/${id}/cancel`);
    await call.abandoned;
    await server.submit(chat('next'));
    const next = await server.ollama.next();
    expect(next.asked).toBe('next');
    next.complete();
    expect(await server.get(id)).toMatchObject({ status: 'cancelled', retry_count: 0 });
  });
});

describe('B.12 #3 and #6: kill -9 makes a task run twice at once, and loses those that wait for a retry', () => {
  it('does not happen: each runs once more, at its time', { timeout: 60_000 }, async () => {
    const ollama = await PuppetOllama.start();
    const place = makePlace();
    const retry = 'retry_config: {initial_delay: 2s, max_delay: 2s}';
    const file = place.write('q.yaml', `ollama_host: "${ollama.url}"\nmax_workers: 4\n${retry}\n`);
    const first = await GollamaProcess.serve(['-c', file], { place });
    const before = new TaskClient(first.url);
    await before.submit(chat('running', { id: 'running' }));
    const cut = await ollama.next();
    await before.submit(chat('retried', { id: 'retried' }));
    (await ollama.next()).fail(500);
    await before.waits('retried');
    first.kill();
    await Promise.all([first.ended, cut.abandoned]);
    const second = await GollamaProcess.serve(['-c', file], { place });
    const after = new TaskClient(second.url);
    const calls = await ollama.take(2);
    for (const call of calls) call.complete();
    expect(calls.map(({ asked }) => asked).toSorted()).toEqual(['retried', 'running']);
    for (const id of ['running', 'retried']) await after.becomes(id, 'completed');
    expect(ollama.count).toBe(4);
  });
});

describe('B.12 #4 and #15: nothing is removed in time, and after a cleanup the server cannot start', () => {
  it('does not happen: finished tasks of all kinds are bounded, and the next start finds the others', async () => {
    const setup = { place: makePlace(), yaml: 'max_completed_tasks: 1' };
    const first = await taskServer(setup);
    await first.submit(chat('later', { ...LATER, id: 'later' }));
    for (let at = 0; at < 4; at += 1) {
      const cancelled = await first.submit(chat('x', LATER));
      await first.post(`/api/tasks/${cancelled}/cancel`);
      await first.submit(chat('x'));
      (await first.ollama.next()).complete();
      await first.submit(chat('x'));
      (await first.ollama.next()).fail(400);
    }
    // Two of each kind may be there between two cleanups.
    await eventually('they are removed', async () => (await first.list()).length <= 7);
    await first.app.stop();
    const second = await taskServer(setup);
    expect((await second.get('later')).status).toBe('pending');
    await second.submit(chat('now', { id: 'now' }));
    (await second.ollama.next()).complete();
    await second.becomes('now', 'completed');
  });
});

describe('B.12 #5: streams lose text, go past the queue, and are not there over HTTP', () => {
  it('does not happen: twenty of twenty are whole, to two readers each, with never more calls than workers', async () => {
    let running = 0;
    let most = 0;
    const words = Array.from({ length: 30 }, (_, at) => `word${at} `);
    const ollama = await PuppetOllama.start({
      answer: (call) => {
        running += 1;
        most = Math.max(most, running);
        call.response.once('close', () => {
          running -= 1;
        });
        for (const word of words) call.say(word);
        call.finish();
      },
    });
    const server = await taskServer({ ollama, workers: 3 });
    const ids = await Promise.all(Array.from({ length: 20 }, () => server.submit(chat('x'))));
    const read = async (id: string) => {
      const answer = await send(`${server.url}/api/tasks/${id}/stream`);
      const events = answer.text.split('\n\n').filter((event) => event.includes('event: token'));
      return events.map((event) => (JSON.parse(/^data: (.*)$/m.exec(event)?.[1] ?? '') as { text: string }).text);
    };
    const texts = await Promise.all([...ids, ...ids].map(read));
    for (const text of texts) expect(text.join('')).toBe(words.join(''));
    expect(most).toBeLessThanOrEqual(3);
  });
});

describe('B.12 #7: callbacks and batches report the first failed attempt', () => {
  it('does not happen: they are told the end', async () => {
    const { ollama, queue } = await library();
    const batch = queue.submitBatchTasks([newChatTask('m1', [{ role: 'user', content: 'x' }])]);
    (await ollama.next()).fail(500);
    (await ollama.next()).complete('fine');
    expect(await batch).toMatchObject([{ success: true, data: { message: { content: 'fine' } } }]);
  });
});

describe('B.12 #8: one dead client of /ws stops all of them', () => {
  it('does not happen: the others go on, and new ones are served', async () => {
    const server = await taskServer();
    const large = 'x'.repeat(1024 * 1024);
    for (let at = 0; at < 4; at += 1) await server.submit(chat(large, LATER));
    const { hostname, port } = new URL(server.url);
    const dead = connect(Number(port), hostname);
    atEnd(() => dead.destroy());
    await once(dead, 'connect');
    dead.pause();
    const head = ['GET /ws HTTP/1.1', `Host: ${hostname}`, 'Connection: Upgrade', 'Upgrade: websocket'];
    const key = ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='];
    dead.write(`${[...head, ...key].join('\r\n')}\r\n\r\n`);
    const live = new SocketWatch(`${server.url.replace('http', 'ws')}/ws`);
    await live.opened();
    for (let at = 1; at <= 6; at += 1) {
      const id = await server.submit(chat(`${at}`, LATER));
      await eventually('it is told', () => live.frames.at(-1)?.includes(id));
    }
    const late = new SocketWatch(`${server.url.replace('http', 'ws')}/ws`);
    expect(JSON.parse(await late.frame(1))).toHaveLength(10);
  });
});

describe('B.12 #9: chats and embeddings without content are run', () => {
  it.each([
    ['chat', 'messages'],
    ['embed', 'input'],
  ])('does not happen: the payload of the old form is refused for %s', async (type, member) => {
    const server = await wide();
    const { count } = server.ollama;
    const answer = await server.post('/api/tasks', { type, model: 'm1', payload: { prompt: 'hi' } });
    expect(answer.status).toBe(400);
    expect(answer.json().error).toBe(`task validation failed: payload.${member} is required for ${type} tasks`);
    expect(server.ollama.count).toBe(count);
  });
});

describe('B.12 #10: any web page can read the queue, and the first frame breaks the page', () => {
  it('does not happen: other origins are refused, and an empty list is a list', async () => {
    const server = await listed();
    const url = `${server.url.replace('http', 'ws')}/ws`;
    await expect(new SocketWatch(url, [], { origin: 'https://evil.example' }).opened()).rejects.toThrow('403');
    const headers = { origin: 'https://evil.example' };
    expect((await send(`${server.url}/api/tasks`, { headers })).status).toBe(403);
    expect(JSON.parse(await new SocketWatch(url).frame(1))).toEqual([]);
    // A priority of 0 is 0, and stays below low.
    const other = await wide();
    expect((await other.get(await other.submit(chat('x', { ...LATER, priority: 0 })))).priority).toBe(0);
  });
});

describe('B.12 #11: --messages is split at commas', () => {
  it('does not happen', async () => {
    const server = await wide();
    const args = ['submit', 'chat', '--model', 'm1', '--messages', 'user:Hello, how are you?', '--delay', '1h'];
    const { payload } = await server.get((await command(args)).stdout.trim());
    expect(payload).toEqual({ messages: [{ role: 'user', content: 'Hello, how are you?' }] });
  });
});

describe('B.12 #12 and #22: files, variables and --ollama-host have no effect on the server', () => {
  it('does not happen: the documented file and the variables of the compose file are read', async () => {
    const ollama = await PuppetOllama.start({ answer: (call) => call.complete() });
    const env = { OLLAMA_HOST: ollama.url, QUEUE_STORAGE_PATH: './q', RETRY_MAX_RETRIES: '9' };
    const place = makePlace();
    const yaml = 'ollama: {host: "http://127.0.0.1:1"}\nqueue: {max_workers: 7}\nretry_config: {max_retries: 1}\n';
    const client = new TaskClient((await startApp(yaml, { env, place })).url);
    expect((await client.stats()).workers_idle).toBe(7);
    const id = await client.submit(chat('x'));
    expect((await client.becomes(id, 'completed')).max_retries).toBe(9);
    expect(existsSync(`${place.cwd}/q`)).toBe(true);
  });
});

describe('B.12 #13: filters, limit and offset are ignored, and the order is that of random ids', () => {
  it('does not happen, over HTTP and in the command', async () => {
    const server = await listed();
    for (const id of ['c', 'a', 'b']) await server.submit(chat(id, { ...LATER, id, priority: id === 'a' ? 10 : 5 }));
    expect(await server.ids()).toEqual(['c', 'a', 'b']);
    expect(await server.ids('?priority=10')).toEqual(['a']);
    expect(await server.ids('?status=completed')).toEqual([]);
    expect(await server.ids('?limit=1&offset=1')).toEqual(['a']);
    const args = ['list', '--limit', '1', '--offset', '1', '--output', 'json'];
    const { stdout } = await gollama(args, { env: { GOLLAMA_URL: server.url } });
    expect((JSON.parse(stdout) as TaskReport[]).map(({ id }) => id)).toEqual(['a']);
  });
});

describe('B.12 #14: finished tasks can be changed, and clients can write what only the server knows', () => {
  it('does not happen: an end is an end, an id is taken once, and times are the server’s', async () => {
    const server = await wide();
    const id = await server.submit(chat('x', { id: 'mine' }));
    (await server.ollama.next()).complete('the result');
    const before = await server.becomes(id, 'completed');
    await server.post(`/api/tasks/${id}/cancel`);
    await server.post(`/api/tasks/${id}/priority`, { priority: 1 });
    expect((await server.post('/api/tasks', chat('other', { id }))).status).toBe(409);
    expect(await server.get(id)).toEqual(before);
    const forged = {
      status: 'completed',
      result: { forged: true },
      retry_count: 7,
      created_at: '2001-01-01T00:00:00Z',
    };
    const other = await server.get(await server.submit(chat('x', { ...LATER, ...forged })));
    expect(other).toMatchObject({ status: 'pending', retry_count: 0 });
    expect([other.result, other.created_at < '2002']).toEqual([undefined, false]);
  });
});

describe('B.12 #16: stopping takes 30 seconds, or loses what was not written', () => {
  it('does not happen: an idle server stops without waiting for any time, and all of it is kept', async () => {
    const [clock, place] = [new ManualClock(), makePlace()];
    const server = await taskServer({ clock, place });
    const id = await server.submit(chat('x', LATER));
    const done = await server.submit(chat('x'));
    (await server.ollama.next()).complete();
    await server.becomes(done, 'completed');
    await server.app.stop();
    const next = await taskServer({ clock: new ManualClock(), place });
    expect([(await next.get(id)).status, (await next.get(done)).status]).toEqual(['pending', 'completed']);
  });
});

describe('B.12 #17: subscriptions ignore their filter', () => {
  it('does not happen, in the library and over /ws', async () => {
    const { ollama, queue } = await library();
    const failures = queue.subscribe(['task_failed']);
    await queue.submitTask(newChatTask('m1', [{ role: 'user', content: 'x' }], { maxRetries: 0 }));
    (await ollama.next()).fail(500);
    for await (const event of failures) {
      expect(event.type).toBe('task_failed');
      break;
    }
    const server = await wide();
    const client = new SocketWatch(`${server.url.replace('http', 'ws')}/ws?format=events&types=task_cancelled`);
    await client.opened();
    const id = await server.submit(chat('x', LATER));
    await server.post(`/api/tasks/${id}/cancel`);
    expect(JSON.parse(await client.frame(1))).toMatchObject({ event: 'task_cancelled', task_id: id });
  });
});

describe('B.12 #18: options are not sent, refusals are tried again, and what failed is lost', () => {
  it('does not happen: options go out, 4xx ends a task, and a failed one can be tried again', async () => {
    const server = await wide();
    const { count } = server.ollama;
    const id = await server.submit(chat('x', { options: { seed: 7 } }));
    const call = await server.ollama.next();
    expect(call.json.options).toEqual({ seed: 7 });
    call.fail(404, 'model "m1" not found');
    expect(await server.becomes(id, 'failed')).toMatchObject({ retry_count: 0 });
    expect(server.ollama.count - count).toBe(1);
    await server.post(`/api/tasks/${id}/retry`);
    (await server.ollama.next()).complete();
    expect((await server.becomes(id, 'completed')).error).toBeUndefined();
  });
});

describe('B.12 #19: mistakes of clients are 500, and commands end with 0 when they failed', () => {
  it('does not happen', async () => {
    const server = await wide();
    expect((await server.post('/api/tasks', { type: 'nope', model: 'm1', payload: {} })).status).toBe(400);
    expect((await server.post('/api/tasks/nope/cancel')).status).toBe(404);
    expect((await server.post('/api/tasks/nope/priority', { priority: 1 })).status).toBe(404);
    expect((await command(['cancel', 'nope'])).code).toBe(5);
    expect((await command(['status', 'nope'])).stdout).toBe('');
  });
});

describe('B.12 #20: the queue and bodies have no bound', () => {
  it('does not happen: one task too many is 429 with Retry-After, a body too large 413', async () => {
    const server = await full();
    await server.post('/api/tasks', chat('x', LATER));
    const refused = await server.post('/api/tasks', chat('x'));
    expect(refused.status).toBe(429);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect((await server.post('/api/tasks', chat('x'.repeat(2_000)))).status).toBe(413);
  });
});

describe('B.12 #21: tasks wait for a tick', () => {
  it('does not happen: no time passes before a first try, and no more than its delay before another', async () => {
    const clock = new ManualClock();
    const server = await taskServer({ clock, retry: '{initial_delay: 1s}' });
    const id = await server.submit(chat('x'));
    (await server.ollama.next()).fail(500);
    await server.waits(id);
    await clock.advanceAsync(1_000);
    (await server.ollama.next()).complete();
    await server.becomes(id, 'completed');
    expect(clock.now()).toBe(1_000);
  });
});

const ask = async ({ url }: TaskServer, body: object = { message: 'hi' }) =>
  String((await send(`${url}/api/chat`, { body })).json().channel_id);
const socketOf = async ({ url }: TaskServer, channel: string) => {
  const client = new RawClient(`${url.replace('http', 'ws')}/connection/websocket`);
  await client.opened();
  client.say({ id: 1, connect: {} }, { id: 2, subscribe: { channel } });
  return client;
};

describe('C.6 #1 and #2: nothing streams, and nobody can subscribe', () => {
  it('does not happen: a subscriber is told the whole answer', async () => {
    const server = await wide();
    const channel = await ask(server);
    const client = await socketOf(server, channel);
    expect((await client.reply(2)).error).toBeUndefined();
    (await server.ollama.next()).complete('hello');
    await client.until(({ push }) => push?.pub?.data.type === 'end');
    expect(client.texts.join('')).toContain('{"type":"chunk","message":"hello"}');
  });
});

describe('C.6 #3: what was said before a subscription is lost', () => {
  it('does not happen: it is in the reply', async () => {
    const server = await wide();
    const channel = await ask(server);
    (await server.ollama.next()).complete('hello world');
    const early = await socketOf(server, channel);
    await eventually('the end is told', () => early.texts.join('').includes('"type":"end"'));
    const late = await socketOf(server, channel);
    const { publications } = (await late.reply(2)).subscribe as { publications: { data: { message: string } }[] };
    expect(publications.map(({ data }) => data.message).join('')).toBe('hello world');
  });
});

describe('C.6 #4: the example pages do not work', () => {
  it('does not happen: events of one channel are objects, without any protocol around them', async () => {
    const server = await wide();
    const channel = await ask(server);
    (await server.ollama.next()).complete('hello');
    const answer = await open(`${server.url}/connection/sse?channel=${encodeURIComponent(channel)}`);
    await answer.ended;
    expect(answer.events.map((event) => (JSON.parse(event) as { type: string }).type)).toEqual([
      'start',
      'chunk',
      'end',
    ]);
  });
});

describe('C.6 #5 and #6: one fixed model, one message, no cancel, no usage', () => {
  it('does not happen: a model can be named, the answer is a task that tells its counts and can be cancelled', async () => {
    const server = await wide();
    const { ollama } = server;
    const first = await ask(server, { message: 'hi', model: 'm2' });
    const call = await ollama.next();
    expect(call.model).toBe('m2');
    call.complete();
    expect((await server.becomes(first, 'completed')).result).toMatchObject({ eval_count: 2, done_reason: 'stop' });
    const second = await ask(server);
    const running = await ollama.next();
    await server.post(`/api/tasks/${encodeURIComponent(second)}/cancel`);
    await running.abandoned;
    expect((await server.get(second)).status).toBe('cancelled');
    const messages = [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b' },
      { role: 'user', content: 'c' },
    ];
    const conversation = open(`${server.url}/api/chat`, { body: { model: 'm1', messages, stream: false } });
    const conversed = await ollama.next();
    expect(conversed.json.messages).toEqual(messages);
    conversed.complete('d');
    const answer = await conversation;
    await answer.ended;
    expect(answer.json()).toMatchObject({ message: { content: 'd' }, done: true });
  });
});

describe('C.6 #7: streams and bodies have no bound, and every page may ask', () => {
  it('does not happen: 429, 413 and 403', async () => {
    const server = await full();
    await server.post('/api/tasks', chat('x', LATER));
    const post = (message: string, headers = {}) => send(`${server.url}/api/chat`, { body: { message }, headers });
    expect((await post('hi')).status).toBe(429);
    expect((await post('x'.repeat(2_000))).status).toBe(413);
    expect((await post('hi', { origin: 'https://evil.example' })).status).toBe(403);
  });
});

describe('C.6 #8: errors tell the browser where the engine is', () => {
  it('does not happen: neither where it refuses nor where it is gone', async () => {
    const server = await wide();
    const host = new URL(server.ollama.url).host;
    const errorOf = async (channel: string) => {
      const client = await socketOf(server, channel);
      const isError = (data: { type: string } | undefined) => data?.type === 'error';
      await client.until(
        ({ push, subscribe }) =>
          isError(push?.pub?.data) ||
          (subscribe?.publications as { data: { type: string } }[] | undefined)?.some(({ data }) => isError(data)),
      );
      return client.texts.join('');
    };
    const refused = await ask(server);
    (await server.ollama.next()).fail(500, 'boom');
    const text = await errorOf(refused);
    expect(text).toContain('boom');
    expect(text).not.toContain(host);
    const cut = await ask(server);
    for (let death = 0; death < 3; death += 1) (await server.ollama.next()).response.destroy();
    expect(await errorOf(cut)).not.toContain(host);
  });
});

describe('C.6 #9: there are no numbers', () => {
  it('does not happen: /metrics counts the chats', async () => {
    const server = await wide();
    const { text } = await send(`${server.url}/metrics`);
    expect(text).toMatch(/^gollama_tasks\{status="completed"\} \d+$/m);
  });
});
