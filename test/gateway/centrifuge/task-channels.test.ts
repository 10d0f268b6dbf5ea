import { afterEach, describe, expect, it } from 'vitest';
import { GollamaError } from '../../../src/base/errors.js';
import { taskChannels } from '../../../src/gateway/centrifuge/task-channels.js';
import type { TaskQueue } from '../../../src/tasks/task-queue.js';
import { VISITOR } from '../../support/centrifuge-gateway.js';
import { endAll } from '../../support/ending.js';
import { send } from '../../support/http.js';
import { startTaskGateway } from '../../support/task-gateway.js';

afterEach(endAll);

const TASK = { id: 'chat:1', type: 'generate', model: 'm', payload: { prompt: 'hi' } };

describe('the channel of a task', () => {
  it('is its log, also before that begins, for those who may see the task', async () => {
    const { tasks, url } = await startTaskGateway();
    await send(`${url}/api/tasks`, { body: TASK });
    const { find } = taskChannels(tasks);
    expect(await find('chat:1', { ...VISITOR, admin: true })).toEqual({ logId: 'chat:1' });
    expect(await find('chat:1', { ...VISITOR, name: 'somebody else' })).toBeUndefined();
    expect(await find('chat:2', { ...VISITOR, admin: true })).toBeUndefined();
  });

  it('is told from the result where the log is not kept any more', async () => {
    const report = { status: 'completed', result: { response: 'all' } };
    const tasks = {
      follow: () => Promise.resolve(undefined),
      get: () => Promise.resolve(report),
    } as unknown as TaskQueue;
    expect((await taskChannels(tasks).find('t', VISITOR))?.answer?.map(({ record }) => record.kind)).toEqual([
      'text',
      'done',
    ]);
  });

  it('is unknown where the store cannot tell', async () => {
    const failure = new GollamaError('storage_error', 'the disk is away');
    const tasks = { follow: () => Promise.reject(failure) } as unknown as TaskQueue;
    await expect(taskChannels(tasks).find('t', VISITOR)).rejects.toBe(failure);
  });
});
