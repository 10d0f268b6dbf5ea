/** What users of the reference task queue rely on, one block for each requirement of its contract: its command line. */
import { afterAll, describe, expect, it } from 'vitest';
import { endAll } from '../support/ending.js';
import { gollama } from '../support/gollama-process.js';
import { makePlace } from '../support/place.js';
import { chat, LATER, shared } from '../support/reference-tasks.js';

afterAll(endAll, 60_000);

/** Servers of several tests: one in which nothing is ever stored, one with four workers. */
const fresh = shared();
const wide = shared();

describe('CLI-1: the commands', () => {
  const run = async (args: readonly string[], server = wide) => {
    const { url } = await server();
    const ended = await gollama(args, { env: { GOLLAMA_URL: url } });
    return ended;
  };
  const timeOf = (time: string | undefined) => String(time).slice(0, 19).replace('T', ' ');

  it('submit prints the form of the reference, with the real id, and does not split messages at commas', async () => {
    const server = await wide();
    const args = ['submit', 'embed', '--model', 'm1', '--input', 'x', '--output', 'json'];
    const embed = await run(args);
    const call = await server.ollama.next();
    call.complete();
    const id = String((JSON.parse(embed.stdout) as { task_id: string }).task_id);
    expect(embed.stdout).toBe(
      `{\n  "model": "m1",\n  "status": "submitted",\n  "task_id": "${id}",\n  "type": "embed"\n}\n`,
    );
    expect((await server.becomes(id, 'completed')).payload).toEqual({ input: 'x' });
    const messages = ['--messages', 'user:Hello, how are you?', '--messages', 'assistant:fine: thanks'];
    const chatted = await run(['submit', 'chat', '--model', 'm1', ...messages, '--output', 'text']);
    const asked = await server.ollama.next();
    expect(asked.json.messages).toEqual([
      { role: 'user', content: 'Hello, how are you?' },
      { role: 'assistant', content: 'fine: thanks' },
    ]);
    asked.complete();
    expect([chatted.code, chatted.stdout]).toEqual([
      0,
      expect.stringMatching(
        /^Task submitted successfully\nTask ID: [\w-]{8,}\nType: chat\nModel: m1\nStatus: submitted\n$/,
      ),
    ]);
  });

  it('list prints the table of the reference byte for byte', async () => {
    const server = await wide();
    const empty = await run(['list', '--output', 'table'], fresh);
    expect(empty).toMatchObject({ code: 0, stdout: 'No tasks found\n' });
    await server.submit(chat('x', { id: 'fail-x', model: 'fail2', max_retries: 0 }));
    (await server.ollama.next()).fail(500);
    const { created_at, completed_at } = await server.becomes('fail-x', 'failed');
    const shown = await run(['list', '--status', 'failed', '--limit', '1']);
    expect(shown.stdout).toBe(
      [
        'ID                                   TYPE       PRIORITY STATUS     MODEL           CREATED              COMPLETED           ',
        '-'.repeat(136),
        `fail-x                               chat       normal   failed     fail2           ${timeOf(created_at)}  ${timeOf(completed_at)} `,
        '',
        `Total: ${(await server.list('?status=failed')).length} tasks`,
        '',
      ].join('\n'),
    );
  });

  it('status prints the sections of the reference byte for byte, of the queue and of a task', async () => {
    const server = await wide();
    const table = await run(['status', '--output', 'table'], fresh);
    expect(table.stdout).toBe(QUEUE_TABLE);
    const id = await server.submit(chat('crash', { id: 'crash-1' }));
    (await server.ollama.next()).complete();
    const { created_at, started_at, completed_at } = await server.becomes(id, 'completed');
    const shown = await run(['status', id, '--output', 'table']);
    const head = [
      'Task Status: crash-1',
      '===================',
      'Type:        chat',
      'Model:       m1',
      'Status:      completed',
      'Priority:    5',
      `Created:     ${timeOf(created_at)}`,
      `Started:     ${timeOf(started_at)}`,
      `Completed:   ${timeOf(completed_at)}`,
      '',
      'Payload:',
      '========',
      'Messages:    1',
      '',
    ];
    expect(shown.stdout.slice(0, head.join('\n').length)).toBe(head.join('\n'));
  });

  it('priority and cancel print the lines of the reference, and end with an error where the server refused', async () => {
    const server = await wide();
    const id = await server.submit(chat('hi', LATER));
    expect(await run(['priority', id, 'high'])).toMatchObject({
      code: 0,
      stdout: `Task ${id} priority updated to high (10)\n`,
    });
    expect(await run(['cancel', id])).toMatchObject({ code: 0, stdout: `Task ${id} cancelled successfully\n` });
    const unknown = await run(['cancel', 'nope']);
    expect(unknown).toMatchObject({ code: 5, stdout: '' });
    expect(unknown.stderr).toMatch(/^Failed to cancel task nope: task not found: nope\n/);
    expect(await run(['status', 'nope'])).toMatchObject({ code: 5, stdout: '' });
  });
});

const QUEUE_TABLE = `Queue Statistics:
================
Pending Tasks:   0
Running Tasks:   0
Completed Tasks: 0
Failed Tasks:    0
Cancelled Tasks: 0
Total Tasks:     0

Worker Statistics:
==================
Active Workers:  0
Idle Workers:    4

Priority Queues:
================
Low       : 0 tasks
Normal    : 0 tasks
High      : 0 tasks
Critical  : 0 tasks
`;

describe('CLI-2: submit batch', () => {
  it('takes the file of the reference, prints real ids, and --sync waits for their ends', async () => {
    const server = await wide();
    const place = makePlace();
    place.write(
      'batch.json',
      JSON.stringify([
        { type: 'chat', model: 'm1', priority: 'high', system: 's', messages: [{ role: 'user', content: 'a, b' }] },
        { type: 'generate', model: 'm1', priority: 15, prompt: 'p', scheduled_at: '2020-01-01T00:00:00Z' },
        { type: 'embed', model: 'm1', input: 'x' },
      ]),
    );
    const args = ['submit', 'batch', '--file', 'batch.json', '--sync'];
    const running = gollama(args, { place, env: { GOLLAMA_URL: server.url } });
    const calls = await server.ollama.take(3);
    for (const call of calls) call.complete();
    const ended = await running;
    expect([ended.code, calls.map(({ asked }) => asked).toSorted()]).toEqual([0, ['a, b', 'p', 'x']]);
    const ids = ended.stdout.trimEnd().split('\n');
    const tasks = await Promise.all(ids.map((id) => server.get(id)));
    expect(tasks.map(({ type, priority, status }) => [type, priority, status])).toEqual([
      ['chat', 10, 'completed'],
      ['generate', 15, 'completed'],
      ['embed', 5, 'completed'],
    ]);
  });
});
