/** The commands for tasks as processes: what they send, what they print where, and what they end with. */
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { endAll } from '../support/ending.js';
import { eventually } from '../support/eventually.js';
import { FakeTaskServer } from '../support/fake-task-server.js';
import { GollamaProcess, gollama, type ProcessOptions } from '../support/gollama-process.js';
import { makePlace } from '../support/place.js';

afterEach(endAll);

async function setUp() {
  const server = await FakeTaskServer.start();
  const env = { GOLLAMA_URL: server.url };
  const run = (args: readonly string[], options: ProcessOptions = {}) => gollama(args, { env, ...options });
  const start = (args: readonly string[]) => GollamaProcess.start(args, { env });
  return { server, run, start };
}

const CHAT = ['submit', 'chat', '-m', 'm1', '--messages', 'user:Hello, how are you?'];
const ANSWER = { message: { role: 'assistant', content: 'I am fine.' }, done: true };

/** The task that came of the only submission. */
async function submitted(server: FakeTaskServer) {
  await server.received(({ method, url }) => method === 'POST' && url === '/api/tasks');
  const [id = ''] = server.tasks.keys();
  return id;
}

describe('submit', () => {
  it('prints the bare id of the task, and nothing else', async () => {
    const { server, run } = await setUp();
    expect(await run(CHAT)).toEqual({ code: 0, signal: null, stdout: 'task-1\n', stderr: '' });
    expect(server.requests.map(({ body }) => body)).toEqual([
      {
        type: 'chat',
        model: 'm1',
        payload: { messages: [{ role: 'user', content: 'Hello, how are you?' }] },
        priority: 5,
      },
    ]);
  });

  it('sends several messages with their commas, and everything that flags say', async () => {
    const { server, run } = await setUp();
    const flags = ['--system', 'be, brief', '--priority', 'Critical', '--max-retries', '0', '--delay', '30s'];
    const more = ['--key', 'k', '--webhook', 'https://h/x', '--option', 'num_predict=5', '--option', 'format=json'];
    await run([...CHAT, '--messages', 'assistant:fine: thanks', ...flags, ...more]);
    expect(server.requests[0]?.body).toEqual({
      type: 'chat',
      model: 'm1',
      payload: {
        messages: [
          { role: 'user', content: 'Hello, how are you?' },
          { role: 'assistant', content: 'fine: thanks' },
        ],
        system: 'be, brief',
      },
      options: { num_predict: 5, format: 'json' },
      priority: 15,
      max_retries: 0,
      delay: '30s',
      webhook: 'https://h/x',
      idempotency_key: 'k',
    });
  });

  it.each([
    [['submit', 'chat', '-m', 'm', 'a prompt'], undefined, { messages: [{ role: 'user', content: 'a prompt' }] }],
    [['submit', 'chat', '-m', 'm'], 'from a pipe\n', { messages: [{ role: 'user', content: 'from a pipe' }] }],
    [['submit', 'chat', '-m', 'm', '--option', 'a=1', 'p'], undefined, { messages: [{ role: 'user', content: 'p' }] }],
    [['submit', 'generate', '-m', 'm', '--prompt', 'p'], undefined, { prompt: 'p' }],
    [['submit', 'generate', '-m', 'm', 'p'], undefined, { prompt: 'p' }],
    [['submit', 'generate', '-m', 'm', '--system', 's'], 'two\nlines\n', { prompt: 'two\nlines', system: 's' }],
    [['submit', 'embed', '-m', 'm', '--input', 'one'], undefined, { input: 'one' }],
    [['submit', 'embed', '-m', 'm', '--input', 'one', '--input', 'a, b'], undefined, { input: ['one', 'a, b'] }],
    [['submit', 'embed', '-m', 'm'], 'one\ntwo\n', { input: 'one\ntwo' }],
  ])('asks what it is given: %j', async (args, stdin, payload) => {
    const { server, run } = await setUp();
    const ended = await run(args, { env: { GOLLAMA_URL: server.url }, ...(stdin === undefined ? {} : { stdin }) });
    expect([ended.code, ended.stderr]).toEqual([0, '']);
    expect(server.requests[0]?.body).toMatchObject({ payload });
  });

  it('has the forms of the reference, and one for programs', async () => {
    const { run } = await setUp();
    const embed = ['submit', 'embed', '--model', 'm1', '--input', 'x'];
    expect((await run([...embed, '--output', 'json'])).stdout).toBe(
      '{\n  "model": "m1",\n  "status": "submitted",\n  "task_id": "task-1",\n  "type": "embed"\n}\n',
    );
    expect((await run([...embed, '--output', 'text'])).stdout).toBe(
      'Task submitted successfully\nTask ID: task-2\nType: embed\nModel: m1\nStatus: submitted\n',
    );
    expect(JSON.parse((await run([...embed, '--json'])).stdout)).toEqual({
      schemaVersion: 1,
      model: 'm1',
      status: 'submitted',
      task_id: 'task-3',
      type: 'embed',
    });
  });

  it.each([
    ['15', 15],
    ['-3', -3],
  ])('takes any number for a priority: %s', async (text, priority) => {
    const { server, run } = await setUp();
    expect((await run([...CHAT, '--priority', text])).code).toBe(0);
    expect(server.requests[0]?.body).toMatchObject({ priority });
  });

  it('takes the old global flags', async () => {
    const { run } = await setUp();
    const old = ['--ollama-host', 'http://localhost:11434', '--data-dir', './data', '-v'];
    expect(await run([...CHAT, ...old])).toMatchObject({ code: 0, stdout: 'task-1\n', stderr: '' });
  });

  it.each([
    [['submit', 'chat', '--messages', 'user:x'], /^error: missing flag: --model$/],
    [['submit', 'chat', '-m', 'm', '--messages', 'usr:x'], /^error: --messages: "usr" is no role$/],
    [['submit', 'chat', '-m', 'm', '--messages', 'user:x', 'too'], /^error: give --messages or a prompt, not both$/],
    [['submit', 'chat', '-m', 'm'], /^error: nothing is asked$/],
    [[...CHAT, '--priority', 'urgent'], /^error: --priority: "urgent" is no priority$/],
    [[...CHAT, '--timeout', '1s'], /^error: --timeout is for --wait and --stream$/],
    [[...CHAT, '--at', '2026-11-20T15:00:00Z', '--delay', '1s'], /^error: .*--at/],
    [['list', '--status', 'done'], /^error: --status: "done" is none of pending, running/],
    [['priority', 'task-1', 'urgent'], /^error: level: "urgent" is no priority$/],
    [['cancel'], /^error: missing argument: id/],
    [['submit', 'batch', '--file', 'gone.jsonl'], /^error: cannot read gone\.jsonl: there is no such file$/],
  ])('and the others refuse what they cannot read, and send nothing: %j', async (args, error) => {
    const { server, run } = await setUp();
    const ended = await run(args);
    expect([ended.code, ended.stdout]).toEqual([2, '']);
    const [first, hint] = ended.stderr.split('\n');
    expect(first).toMatch(error);
    expect(hint).toMatch(/^ {2}hint: /);
    expect(server.requests).toEqual([]);
  });

  it('tells a refusal of the server with its exit code, as text and as JSON', async () => {
    const { server, run } = await setUp();
    server.intercept = (_, response) => {
      response.writeHead(429, { 'retry-after': '5' }).end('{"error":"the queue is full (9 tasks wait)"}');
      return true;
    };
    expect(await run(CHAT)).toMatchObject({
      code: 6,
      stdout: '',
      stderr: 'error: the queue is full (9 tasks wait)\n  hint: try again later\n',
    });
    const json = await run([...CHAT, '--json']);
    expect([json.code, json.stderr]).toEqual([6, '']);
    expect(JSON.parse(json.stdout)).toEqual({
      schemaVersion: 1,
      error: {
        code: 'queue_full',
        message: 'the queue is full (9 tasks wait)',
        hint: 'try again later',
        exitCode: 6,
      },
    });
  });
});

describe('submit --wait', () => {
  it.each([
    ['chat', CHAT, ANSWER, 'I am fine.\n'],
    ['generate', ['submit', 'generate', '-m', 'm1', '--prompt', 'p'], { response: 'once' }, 'once\n'],
    ['embed', ['submit', 'embed', '-m', 'm1', '--input', 'x'], { embeddings: [[0.5, -1]] }, '[[0.5,-1]]\n'],
  ])('prints the answer: %s', async (_type, args, result, stdout) => {
    const { server, run } = await setUp();
    const running = run([...args, '--wait']);
    const id = await submitted(server);
    await server.streamed(id);
    server.end(id, 'completed', { result });
    expect(await running).toEqual({ code: 0, signal: null, stdout, stderr: '' });
  });

  it('with --json prints the task', async () => {
    const { server, run } = await setUp();
    const running = run([...CHAT, '--wait', '--json']);
    const id = await submitted(server);
    await server.streamed(id);
    server.end(id, 'completed', { result: ANSWER });
    expect(JSON.parse((await running).stdout)).toMatchObject({
      schemaVersion: 1,
      task_id: id,
      status: 'completed',
      result: ANSWER,
    });
  });

  it.each([
    ['failed', { error: 'boom' }, 'task task-1 failed: boom', 'engine_error'],
    ['cancelled', {}, 'task task-1 was cancelled', 'cancelled'],
  ] as const)('ends with 1 and the reason where the task %s', async (status, outcome, message, code) => {
    const { server, run } = await setUp();
    const running = [run([...CHAT, '--wait', '--key', 'same']), run([...CHAT, '--wait', '--key', 'same', '--json'])];
    const id = await submitted(server);
    await server.streamed(id, 2);
    server.end(id, status, outcome);
    const [text, json] = await Promise.all(running);
    expect(text).toMatchObject({ code: 1, stdout: '' });
    expect(text?.stderr).toBe(`error: ${message}\n  hint: try it again: gollama retry task-1\n`);
    expect(json?.code).toBe(1);
    expect(JSON.parse(json?.stdout ?? '')).toMatchObject({ error: { code, message, exitCode: 1 } });
  });

  it('ends with 10 after the timeout, and says that the task goes on', async () => {
    const { run } = await setUp();
    const ended = await run([...CHAT, '--wait', '--timeout', '300ms']);
    expect([ended.code, ended.stdout]).toEqual([10, '']);
    expect(ended.stderr).toMatch(
      /^error: task task-1 has not ended in time, and goes on\n {2}hint: .*gollama attach task-1/,
    );
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('ends at %s with %d, and says that the task goes on', async (signal, code) => {
    const { server, start } = await setUp();
    const waiting = start([...CHAT, '--wait']);
    await server.streamed(await submitted(server));
    waiting.signal(signal);
    expect(await waiting.ended).toEqual({ code, signal: null });
    expect(waiting.words).toEqual([
      '',
      'task task-1 goes on',
      '  hint: follow it: gollama attach task-1 · stop it: gollama cancel task-1',
    ]);
    expect(server.tasks.get('task-1')?.status).toBe('pending');
  });
});

describe('submit --stream', () => {
  it('prints tokens as they come, also across a restart of the server, each once', async () => {
    const { server, start } = await setUp();
    const streaming = start([...CHAT, '--stream']);
    const id = await submitted(server);
    await server.streamed(id);
    server.emit(id, 'reasoning', { text: 'hm' });
    server.emit(id, 'token', { text: 'I am' });
    await eventually('the first token', () => streaming.stdout === 'I am');
    await server.die();
    await server.listen();
    await server.streamed(id, 2);
    server.emit(id, 'token', { text: ' fine.' });
    server.end(id, 'completed', { result: ANSWER });
    expect(await streaming.ended).toEqual({ code: 0, signal: null });
    expect(streaming.stdout).toBe('I am fine.\n');
    expect(streaming.words).toEqual([]);
  });

  it('does not repeat what a new attempt says again, and prints all of what it says otherwise', async () => {
    const { server, start } = await setUp();
    const streaming = start([...CHAT, '--stream']);
    const id = await submitted(server);
    await server.streamed(id);
    const tokens = ['I am', ' fine', 'I am', ' fine.'];
    for (const [at, text] of tokens.entries()) {
      if (at === 2) server.emit(id, 'restart', { attempt: 2 });
      server.emit(id, 'token', { text });
    }
    server.emit(id, 'restart', { attempt: 3 });
    server.emit(id, 'token', { text: 'No.' });
    server.end(id, 'completed', { result: ANSWER });
    await streaming.ended;
    expect(streaming.stdout).toBe('I am fine.\nNo.\n');
    expect(streaming.words).toEqual(['the answer was begun again; all of it:']);
  });

  it('prints embeddings when they are there', async () => {
    const { server, run } = await setUp();
    const running = run(['submit', 'embed', '-m', 'm', '--input', 'x', '--stream']);
    const id = await submitted(server);
    await server.streamed(id);
    server.end(id, 'completed', { result: { embeddings: [[1]] } });
    expect(await running).toMatchObject({ code: 0, stdout: '[[1]]\n' });
  });

  it('ends with 1 where the task fails after some tokens', async () => {
    const { server, run } = await setUp();
    const running = run([...CHAT, '--stream']);
    const id = await submitted(server);
    await server.streamed(id);
    server.emit(id, 'token', { text: 'I' });
    server.end(id, 'failed', { error: 'boom' });
    expect(await running).toMatchObject({
      code: 1,
      stdout: 'I\n',
      stderr: expect.stringMatching(/^error: .*: boom\n/),
    });
  });
});

describe('attach', () => {
  it('prints the answer from its beginning', async () => {
    const { server, run } = await setUp();
    const { id } = server.add({});
    for (const text of ['I am', ' fine.']) server.emit(id, 'token', { text });
    server.end(id, 'completed', { result: ANSWER });
    expect(await run(['attach', id])).toEqual({ code: 0, signal: null, stdout: 'I am fine.\n', stderr: '' });
    expect(JSON.parse((await run(['attach', id, '--json'])).stdout)).toMatchObject({
      schemaVersion: 1,
      result: ANSWER,
    });
  });

  it('ends with 5 for a task that is not there', async () => {
    const { run } = await setUp();
    expect(await run(['attach', 'x'])).toMatchObject({
      code: 5,
      stderr: 'error: task not found: x\n  hint: gollama list shows the tasks that are there\n',
    });
  });
});

describe('submit batch', () => {
  const ITEMS = [
    { type: 'chat', model: 'm1', messages: [{ role: 'user', content: 'a, b' }], priority: 'high' },
    { type: 'generate', model: 'm1', prompt: 'p', priority: 1, scheduled_at: '2026-11-21T07:00:00Z' },
    { type: 'embed', model: 'm1', payload: { input: 'x' } },
  ];
  const lines = ITEMS.map((item) => JSON.stringify(item)).join('\n');

  it('sends the items as they are, and prints an id a line', async () => {
    const { server, run } = await setUp();
    const place = makePlace();
    place.write('tasks.json', JSON.stringify(ITEMS));
    const ended = await run(['submit', 'batch', '--file', 'tasks.json'], { place, env: { GOLLAMA_URL: server.url } });
    expect(ended).toEqual({ code: 0, signal: null, stdout: 'task-1\ntask-2\ntask-3\n', stderr: '' });
    expect(server.requests[0]?.body).toMatchObject({ tasks: ITEMS });
  });

  it('submits nothing unless all items are good, and names those that are not', async () => {
    const { server, run } = await setUp();
    const stdin = `${lines}\n{"type":"chat"}\nnonsense`;
    const ended = await run(['submit', 'batch', '--file', '-'], { stdin, env: { GOLLAMA_URL: server.url } });
    expect([ended.code, ended.stdout]).toEqual([2, '']);
    expect(ended.stderr).toMatch(/^error: standard input:4: model is required\n {7}standard input:5: .*JSON/);
    expect(server.requests).toEqual([]);
  });

  it('sends 500 at a time, and nothing twice where answers are lost or the file comes again with its key', async () => {
    const { server, run } = await setUp();
    const stdin = Array.from({ length: 1_201 }, (_, at) => `{"type":"generate","model":"m","prompt":"${at}"}`).join(
      '\n',
    );
    const options = { stdin, env: { GOLLAMA_URL: server.url } };
    server.intercept = (_, response) => {
      // The second chunk is taken twice, and its answers are lost.
      if ([2, 3].includes(server.requests.length)) response.destroy();
      return false;
    };
    const first = await run(['submit', 'batch', '--file', '-', '--key', 'k'], options);
    expect(first.stdout.trimEnd().split('\n')).toEqual(Array.from({ length: 1_201 }, (_, at) => `task-${at + 1}`));
    const again = await run(['submit', 'batch', '--file', '-', '--key', 'k'], options);
    expect(again.stdout).toBe(first.stdout);
    expect(server.tasks.size).toBe(1_201);
    expect(server.requests.length).toBe(5 + 3);
  });

  it('that is refused on the way says how far it came, and how to go on', async () => {
    const { server, run } = await setUp();
    const place = makePlace();
    place.write('t.jsonl', Array.from({ length: 501 }, () => '{"type":"generate","prompt":"x"}').join('\n'));
    server.intercept = (_, response) => {
      if (server.requests.length < 2) return false;
      response.writeHead(507).end('{"error":"the disk is full"}');
      return true;
    };
    const args = ['submit', 'batch', '-f', 't.jsonl', '-m', 'm', '--key', 'k'];
    const ended = await run(args, { place, env: { GOLLAMA_URL: server.url } });
    expect([ended.code, ended.stderr]).toEqual([
      1,
      'error: 500 of 501 tasks were submitted: the disk is full\n' +
        '  hint: go on, nothing is submitted twice: gollama submit batch --file t.jsonl --model m --key k\n',
    ]);
  });

  it('with --sync waits for all, writes the results, and ends with 1 where one failed', async () => {
    const { server, run } = await setUp();
    const place = makePlace();
    place.write('tasks.jsonl', lines);
    const args = ['submit', 'batch', '--file', 'tasks.jsonl', '--sync', '--results', 'out.jsonl'];
    const running = run(args, { place, env: { GOLLAMA_URL: server.url } });
    for (const id of ['task-1', 'task-2', 'task-3']) await server.streamed(id);
    server.end('task-2', 'completed', { result: { response: 'once' } });
    server.end('task-3', 'failed', { error: 'boom' });
    server.end('task-1', 'completed', { result: ANSWER });
    const ended = await running;
    expect(ended).toMatchObject({ code: 1, stdout: 'task-1\ntask-2\ntask-3\n' });
    expect(ended.stderr).toBe('task task-3 (item 2) boom\n3 tasks: 2 completed · 1 failed\n');
    const results = readFileSync(`${place.cwd}/out.jsonl`, 'utf8').trimEnd().split('\n');
    expect(results.map((line) => JSON.parse(line)).toSorted((left, right) => left.index - right.index)).toEqual([
      { index: 0, id: 'task-1', status: 'completed', result: ANSWER },
      { index: 1, id: 'task-2', status: 'completed', result: { response: 'once' } },
      { index: 2, id: 'task-3', status: 'failed', error: 'boom' },
    ]);
  });

  it('with --sync --json prints ids and counts as one object', async () => {
    const { server, run } = await setUp();
    const running = run(['submit', 'batch', '--file', '-', '--sync', '--json'], {
      stdin: lines,
      env: { GOLLAMA_URL: server.url },
    });
    for (const id of ['task-1', 'task-2', 'task-3']) {
      await server.streamed(id);
      server.end(id, 'completed', { result: ANSWER });
    }
    const ended = await running;
    expect([ended.code, ended.stderr]).toEqual([0, '']);
    expect(JSON.parse(ended.stdout)).toEqual({
      schemaVersion: 1,
      task_ids: ['task-1', 'task-2', 'task-3'],
      completed: 3,
      failed: 0,
      cancelled: 0,
    });
  });
});

describe('list', () => {
  it('prints the table of the reference, newest first', async () => {
    const { server, run } = await setUp();
    server.add({ status: 'failed', model: 'a-very-long-model' });
    server.add({ status: 'running', priority: 10 });
    const { code, stdout } = await run(['list']);
    expect(code).toBe(0);
    expect(stdout.split('\n').map((line) => line.trimEnd())).toEqual([
      'ID                                   TYPE       PRIORITY STATUS     MODEL           CREATED              COMPLETED',
      '-'.repeat(136),
      'task-2                               chat       high     running    m1              2026-11-20 15:12:02  -',
      'task-1                               chat       normal   failed     a-very-long-... 2026-11-20 15:12:01  -',
      '',
      'Total: 2 tasks',
      '',
    ]);
  });

  it('asks the server for what its flags say', async () => {
    const { server, run } = await setUp();
    const flags = [
      '--status',
      'running,pending',
      '--type',
      'chat',
      '--priority',
      'high',
      '--limit',
      '10',
      '--offset',
      '2',
    ];
    expect((await run(['list', ...flags, '--model', 'm', '--since', '1h'])).stdout).toBe('No tasks found\n');
    const query = new URL(`http://x${server.requests[0]?.url}`).searchParams;
    expect([...query]).toEqual([
      ['status', 'running'],
      ['status', 'pending'],
      ['type', 'chat'],
      ['priority', '10'],
      ['model', 'm'],
      ['since', '1h'],
      ['limit', '10'],
      ['offset', '2'],
      ['order', 'newest'],
    ]);
  });

  it('has the bare list of the reference, and an object for programs', async () => {
    const { server, run } = await setUp();
    const task = server.add({});
    expect((await run(['list', '--output', 'json'])).stdout).toBe(`${JSON.stringify([task], null, 2)}\n`);
    expect(JSON.parse((await run(['list', '--json', '--limit', '1'])).stdout)).toEqual({
      schemaVersion: 1,
      tasks: [task],
      total: 1,
    });
  });
});

describe('status', () => {
  const QUEUE = {
    pending_tasks: 3,
    running_tasks: 0,
    completed_tasks: 15,
    failed_tasks: 2,
    cancelled_tasks: 0,
    total_tasks: 20,
    queues_by_priority: { 1: 0, 5: 3 },
    workers_active: 0,
    workers_idle: 4,
    version: '1.0.0',
    uptime_s: 5,
    engines: [],
    waiting_interactive: 0,
    node: 'n',
  };

  it('--output table is that of the reference', async () => {
    const { server, run } = await setUp();
    server.status = QUEUE;
    const { stdout } = await run(['status', '--output', 'table']);
    expect(stdout).toMatch(
      /^Queue Statistics:\n={16}\nPending Tasks: {3}3\n[\s\S]*\nLow {7}: 0 tasks\nNormal {4}: 3 tasks\n$/,
    );
    expect(JSON.parse((await run(['status', '--output', 'json'])).stdout)).toEqual(QUEUE);
  });

  it('of a task prints it, and ends with 5 where it is not there', async () => {
    const { server, run } = await setUp();
    const task = server.add({ status: 'failed', error: 'boom', retry_count: 3 });
    const shown = await run(['status', task.id]);
    expect(shown.stdout).toMatch(/^Task Status: task-1\n[\s\S]*\nRetry Count: 3\/3\nError: {7}boom\n\nPayload:/);
    expect(JSON.parse((await run(['status', task.id, '--json'])).stdout)).toEqual({ schemaVersion: 1, ...task });
    expect(await run(['status', 'x'])).toMatchObject({ code: 5, stdout: '' });
  });

  it('--watch tells each change of a task a line, until it has ended', async () => {
    const { server, start } = await setUp();
    const { id } = server.add({});
    const watching = start(['status', id, '--watch']);
    await eventually('the first line', () => watching.stdout.includes(`${id} pending\n`));
    server.end(id, 'failed', { error: 'boom' });
    expect(await watching.ended).toEqual({ code: 1, signal: null });
    expect(watching.stdout).toMatch(new RegExp(`^[\\d:]{8} ${id} pending\n[\\d:]{8} ${id} failed boom\n$`));
  });

  it('--watch of the server goes on until Ctrl+C, with --json as lines', async () => {
    const { server, start } = await setUp();
    server.status = QUEUE;
    const watching = start(['status', '--watch', '--json']);
    await eventually('the first line', () => watching.stdout.includes('\n'));
    server.status = { ...QUEUE, pending_tasks: 2, uptime_s: 6 };
    await eventually('the second line', () => watching.stdout.split('\n').length === 3);
    watching.signal('SIGINT');
    expect(await watching.ended).toEqual({ code: 130, signal: null });
    const lines = watching.stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).pending_tasks)).toEqual([3, 2]);
  });
});

describe('cancel, retry and priority', () => {
  it('say what they did, a line for each task', async () => {
    const { server, run } = await setUp();
    for (let index = 0; index < 2; index += 1) server.add({});
    expect(await run(['cancel', 'task-1', 'task-2'])).toEqual({
      code: 0,
      signal: null,
      stdout: 'Task task-1 cancelled successfully\nTask task-2 cancelled successfully\n',
      stderr: '',
    });
    expect((await run(['retry', 'task-1'])).stdout).toBe('Task task-1 waits again\n');
    expect((await run(['priority', 'task-1', 'HIGH'])).stdout).toBe('Task task-1 priority updated to high (10)\n');
    expect((await run(['priority', 'task-1', '7'])).stdout).toBe('Task task-1 priority updated to 7\n');
    expect((await run(['priority', '--', 'task-1', '-7'])).stdout).toBe('Task task-1 priority updated to -7\n');
    expect(server.tasks.get('task-1')).toMatchObject({ status: 'pending', priority: -7 });
  });

  it('try all ids, tell failures on stderr, and end with 5 for an unknown one', async () => {
    const { server, run } = await setUp();
    const { id } = server.add({});
    expect(await run(['cancel', 'x', id])).toEqual({
      code: 5,
      signal: null,
      stdout: `Task ${id} cancelled successfully\n`,
      stderr: 'Failed to cancel task x: task not found: x\n',
    });
    const json = await run(['retry', 'x', id, '--json']);
    expect([json.code, JSON.parse(json.stdout)]).toEqual([
      5,
      {
        schemaVersion: 1,
        results: [
          { task_id: 'x', ok: false, error: { code: 'not_found', message: 'task not found: x' } },
          { task_id: id, ok: true },
        ],
      },
    ]);
    expect(await run(['priority', 'x', 'low'])).toMatchObject({ code: 5, stdout: '' });
  });

  it('do not say that they changed a task which had ended', async () => {
    const { server, run } = await setUp();
    const { id } = server.add({ status: 'completed' });
    expect(await run(['cancel', id])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: `Failed to cancel task ${id}: task ${id} is completed\n`,
    });
    expect(await run(['retry', id])).toMatchObject({ code: 1, stdout: '' });
    expect(await run(['priority', id, 'high'])).toMatchObject({ code: 1, stdout: '' });
  });

  it('are exit code 3 where no server is there', async () => {
    const { server, run } = await setUp();
    await server.die();
    for (const args of [['cancel', 'x'], ['list'], CHAT]) {
      expect(await run(args)).toMatchObject({
        code: 3,
        stdout: '',
        stderr: expect.stringMatching(/^error: no gollama server/),
      });
    }
  });
});
