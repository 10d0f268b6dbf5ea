/** What users of the reference task queue rely on, one block for each requirement of its contract: its socket. */
import { afterAll, describe, expect, it } from 'vitest';
import type { TaskReport } from '../../src/protocol/task.js';
import { endAll } from '../support/ending.js';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http.js';
import { chat, LATER, shared, taskServer } from '../support/reference-tasks.js';
import { SocketWatch } from '../support/task-gateway.js';

afterAll(endAll, 60_000);

/** Servers of several tests: one in which nothing is ever stored, one with four workers, one with one. */
const fresh = shared();
const wide = shared();
const narrow = shared({ workers: 1 });

describe('WS-1: /ws', () => {
  const watch = (url: string, headers = {}) => new SocketWatch(`${url.replace('http', 'ws')}/ws`, [], headers).opened();

  it('tells the whole array and a newline, at once and at every change, as GET /api/tasks has it', async () => {
    expect(await (await watch((await fresh()).url)).frame(1)).toBe('[]\n');
    const server = await wide();
    const client = await watch(server.url);
    const id = await server.submit(chat('hi'));
    const states = () =>
      client.frames.map((frame) => (JSON.parse(frame) as TaskReport[]).find((task) => task.id === id)?.status);
    (await server.ollama.next()).complete();
    await server.becomes(id, 'completed');
    await eventually('its end is told', () => states().at(-1) === 'completed');
    expect(client.frames.at(-1)).toBe(`${(await send(`${server.url}/api/tasks`)).text}\n`);
  });

  it('tells a burst of changes in a few frames', async () => {
    const server = await wide();
    const client = await watch(server.url);
    const { length } = JSON.parse(await client.frame(1)) as unknown[];
    const tasks = Array.from({ length: 200 }, (_, at) => chat(`${at}`, LATER));
    await server.post('/api/tasks/batch', { tasks });
    await eventually(
      'all are told',
      () => (JSON.parse(client.frames.at(-1) ?? '') as unknown[]).length === length + 200,
    );
    expect(client.frames.length).toBeLessThan(20);
  });

  it('does not listen to what clients say', async () => {
    const server = await wide();
    const client = await watch(server.url);
    const { length } = JSON.parse(await client.frame(1)) as unknown[];
    client.socket.send('{nonsense');
    await server.submit(chat('hi', LATER));
    expect(JSON.parse(await client.frame(2))).toHaveLength(length + 1);
  });

  it('is for pages of origins that the configuration names, and is 400 without an upgrade', async () => {
    const closed = await fresh();
    const origin = { origin: 'https://app.example' };
    await expect(watch(closed.url, origin)).rejects.toThrow('403');
    const open = await taskServer({ yaml: 'server: {cors_origins: ["https://app.example"]}' });
    expect(await (await watch(open.url, origin)).frame(1)).toBe('[]\n');
    const plain = await send(`${open.url}/ws`);
    expect([plain.status, plain.text.trim()]).toEqual([400, 'Bad Request']);
  });
});

describe('WS-2: events', () => {
  const events = async (url: string, query = '') => {
    const client = new SocketWatch(`${url.replace('http', 'ws')}/ws?format=events${query}`);
    await client.opened();
    const names = () => client.frames.map((frame) => (JSON.parse(frame) as { event: string }).event);
    return { client, names };
  };

  it('have the five names of the reference, and task_failed', async () => {
    const server = await narrow();
    const { client, names } = await events(server.url);
    const [held] = await server.busy();
    await server.submit(chat('hi', { id: 'event-a', max_retries: 0 }));
    await server.post('/api/tasks/event-a/priority', { priority: 10 });
    await server.submit(chat('hi', { id: 'event-b' }));
    await server.post('/api/tasks/event-b/cancel');
    held?.complete();
    (await server.ollama.next()).fail(500);
    await eventually('the failure is told', () => names().includes('task_failed'));
    expect(names()).toEqual([
      'task_submitted',
      'task_started',
      'task_submitted',
      'priority_updated',
      'task_submitted',
      'task_cancelled',
      'task_completed',
      'task_started',
      'task_failed',
    ]);
    expect(JSON.parse(client.frames[5] ?? '')).toMatchObject({
      event: 'task_cancelled',
      task_id: 'event-b',
      status: 'cancelled',
      timestamp: expect.stringMatching(/Z$/),
    });
  });

  it('are only those that were asked for', async () => {
    const server = await wide();
    const { names } = await events(server.url, '&types=task_completed,task_cancelled');
    await server.submit(chat('hi', { ...LATER, id: 'event-c' }));
    await server.submit(chat('hi'));
    (await server.ollama.next()).complete();
    await eventually('the end is told', () => names().length === 1);
    await server.post('/api/tasks/event-c/cancel');
    await eventually('the cancel is told', () => names().length === 2);
    expect(names()).toEqual(['task_completed', 'task_cancelled']);
  });
});
