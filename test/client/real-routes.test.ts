/** The client against the routes that it is made for. */
import { afterEach, describe, expect, it } from 'vitest';
import { Client } from '../../src/client/client.js';
import type { TaskStreamEvent } from '../../src/client/task-stream.js';
import { endAll } from '../support/ending.js';
import { startTaskGateway } from '../support/task-gateway.js';

afterEach(endAll);

const CHAT = { type: 'chat', model: 'm', payload: { messages: [{ role: 'user', content: 'hi' }] } } as const;
const ITEM = { type: 'generate', model: 'm', prompt: 'p', priority: 'high' };

async function setUp() {
  const gateway = await startTaskGateway();
  return { ...gateway, client: new Client(gateway.url) };
}

describe('the client on the real routes', () => {
  it('submits, reads, lists, changes, cancels and retries tasks', async () => {
    const { client } = await setUp();
    const id = await client.submitTask({ ...CHAT, idempotency_key: 'k', delay: '1h', max_retries: 0 });
    expect(await client.submitTask({ ...CHAT, idempotency_key: 'k' })).toBe(id);
    await client.updateTaskPriority(id, 15);
    expect(await client.getTask(id)).toMatchObject({ ...CHAT, priority: 15, max_retries: 0, status: 'pending' });
    await client.cancelTask(id);
    expect((await client.waitForTask(id)).status).toBe('cancelled');
    await client.retryTask(id);
    expect((await client.getTask(id)).status).toBe('pending');
    await expect(client.retryTask(id)).rejects.toMatchObject({ code: 'conflict' });
    await expect(client.getTask('x')).rejects.toMatchObject({ code: 'not_found', message: 'task not found: x' });
    await expect(client.submitTask({ ...CHAT, model: '' })).rejects.toMatchObject({
      code: 'invalid_request',
      message: 'task validation failed: model is required',
    });
  });

  it('submits batches in both forms, and lists their tasks page by page', async () => {
    const { client } = await setUp();
    const ids = await client.submitBatch([ITEM, CHAT, { ...ITEM, priority: -2 }]);
    expect(ids).toHaveLength(3);
    const page = await client.listTasks({ order: 'newest', limit: 2, status: ['pending'], type: ['chat', 'generate'] });
    expect([page.tasks.map(({ id }) => id), page.total]).toEqual([[ids[2], ids[1]], 3]);
    const next = await client.listTasks({ order: 'newest', limit: 2, cursor: page.cursor });
    expect(next.tasks.map(({ id }) => id)).toEqual([ids[0]]);
    expect((await client.listTasks({ priority: [10] })).tasks.map(({ id }) => id)).toEqual([ids[0]]);
  });

  it('follows an answer, also from a position, and ends behind its last event', async () => {
    const { client, logs } = await setUp();
    const id = await client.submitTask(CHAT);
    const events: TaskStreamEvent[] = [];
    logs.append(id, { kind: 'text', text: 'one' });
    for await (const event of client.streamTask(id)) {
      events.push(event);
      if (events.length === 1) logs.append(id, { kind: 'text', text: 'two' });
      if (events.length === 2) logs.append(id, { kind: 'done', status: 'completed', usage: undefined });
    }
    expect(events.map(({ type }) => type)).toEqual(['token', 'token', 'done']);
    const rest = client.streamTask(id, { after: events[0]?.id });
    expect((await rest.next()).value).toMatchObject({ text: 'two' });
    await rest.return();
    expect(await client.streamTask(id, { after: events[2]?.id }).next()).toMatchObject({ done: true });
    await expect(client.streamTask(id, { after: 'elsewhere:3' }).next()).rejects.toMatchObject({ code: 'gone' });
  });
});
