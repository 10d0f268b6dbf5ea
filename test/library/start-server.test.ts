import { afterEach, describe, expect, it } from 'vitest';
import { Client, newChatTask, newEmbedTask, newGenerateTask, startServer } from '../../src/index.js';
import { atEnd, endAll } from '../support/ending.js';
import { makePlace } from '../support/place.js';
import { SIMULATED } from './library-queue.js';

afterEach(endAll);

async function server() {
  const place = makePlace();
  const running = await startServer({
    host: '127.0.0.1',
    port: 0,
    logLevel: 'silent',
    config: { data_dir: place.dataDir, engines: [SIMULATED] },
  });
  atEnd(() => running.stop());
  return running;
}

describe('a server in a program', () => {
  it('answers its clients, and stops', async () => {
    const running = await server();
    expect(running.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const client = new Client(running.url);
    expect((await client.getQueueStats()).engines).toMatchObject([{ name: 'sim' }]);
    expect(running.status().engines).toHaveLength(1);
    await running.stop();
    await running.stop();
    await expect(client.getQueueStats()).rejects.toMatchObject({ code: 'unreachable' });
  });

  it('takes the tasks of a client, and streams and changes them', async () => {
    const client = new Client((await server()).url.replace('http://', ''));
    const id = await client.submitTask(newChatTask('sim', [{ role: 'user', content: 'hello' }]));
    let text = '';
    for await (const event of client.streamTask(id)) if (event.type === 'token') text += event.text;
    const report = await client.waitForTask(id);
    expect(report.status).toBe('completed');
    expect((report.result as { message: { content: string } }).message.content).toBe(text);

    const later = await client.submitTask(newGenerateTask('sim', 'x', { delay: '1h' }));
    await client.updateTaskPriority(later, 15);
    expect((await client.getTask(later)).priority).toBe(15);
    await client.cancelTask(later);
    const cancelled = await client.listTasks({ status: ['cancelled'] });
    expect(cancelled.tasks.map((task) => task.id)).toEqual([later]);
    const embed = await client.submitTask(newEmbedTask('sim', 'x'));
    expect(await client.waitForTask(embed)).toMatchObject({ type: 'embed', status: 'completed' });
  });

  it('is refused with what is wrong, and leaves nothing behind', async () => {
    await expect(startServer({ port: 0, logLevel: 'loud' })).rejects.toMatchObject({ code: 'configuration' });
    await expect(startServer({ prot: 0 } as object)).rejects.toThrow('unknown option prot');
  });
});
