import { describe, expect, it } from 'vitest';
import { type ErrorCode, GollamaError } from '../../src/base/errors.js';
import { eachTask } from '../../src/cli/each-task.js';

/** Ids that are error codes fail with those. */
const act = (id: string) =>
  id === 'fine' ? Promise.resolve() : Promise.reject(new GollamaError(id as ErrorCode, 'no'));

describe('an act on several tasks', () => {
  it.each([
    [['fine', 'fine'], 0],
    [['not_found', 'fine'], 5],
    [['not_found', 'fine', 'not_found'], 5],
    [['conflict'], 1],
    [['conflict', 'not_found'], 1],
    [['not_found', 'forbidden'], 1],
  ])('%j is tried on all of them and ends with %d', async (ids, exitCode) => {
    const { results, exitCode: ended } = await eachTask(ids, act);
    expect(results.map(({ task_id, ok }) => [task_id, ok])).toEqual(ids.map((id) => [id, id === 'fine']));
    expect(ended).toBe(exitCode);
  });

  it.each(['unreachable', 'unauthorized'])('stops at what would meet every task: %s', async (code) => {
    await expect(eachTask([code, 'fine'], act)).rejects.toThrow(expect.objectContaining({ code }));
  });
});
