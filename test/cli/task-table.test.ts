import { describe, expect, it } from 'vitest';
import { taskTable } from '../../src/cli/task-table.js';
import type { TaskReport } from '../../src/protocol/task.js';

const TASK: TaskReport = {
  id: 'fail-x',
  type: 'chat',
  priority: 5,
  status: 'failed',
  model: 'fail2',
  payload: { messages: [] },
  options: null,
  created_at: '2026-11-20T15:12:25.954Z',
  completed_at: '2026-11-20T15:12:25Z',
  retry_count: 0,
  max_retries: 3,
};

const rowOf = (task: Partial<TaskReport>) => taskTable([{ ...TASK, ...task }], 1).split('\n')[2] ?? '';

describe('the table of tasks', () => {
  it('is that of the reference, to the blank', () => {
    expect(taskTable([TASK], 1)).toBe(
      [
        'ID                                   TYPE       PRIORITY STATUS     MODEL           CREATED              COMPLETED           ',
        '-'.repeat(136),
        'fail-x                               chat       normal   failed     fail2           2026-11-20 15:12:25  2026-11-20 15:12:25 ',
        '',
        'Total: 1 tasks',
      ].join('\n'),
    );
  });

  it('is one sentence where there are none', () => {
    expect(taskTable([], 0)).toBe('No tasks found');
  });

  it('counts the tasks of all pages', () => {
    expect(taskTable([TASK], 57)).toMatch(/\nTotal: 57 tasks$/);
  });

  it.each([
    [1, 'low'],
    [10, 'high'],
    [15, 'critical'],
    [0, 'low'],
    [2, 'high'],
    [3, 'critical'],
    [7, '7'],
    [-3, '-3'],
  ])('shows the priority %d as %s', (priority, text) => {
    expect(rowOf({ priority }).slice(48, 57)).toBe(text.padEnd(9));
  });

  it.each([
    ['exactly-12ch', 'exactly-12ch    '],
    ['thirteen-char', 'thirteen-cha... '],
  ])('shows the model %s as %j', (model, text) => {
    expect(rowOf({ model }).slice(68, 84)).toBe(text);
  });

  it('has a dash where there is no time', () => {
    const { completed_at: _, ...waiting } = TASK;
    expect(taskTable([waiting], 1).split('\n')[2]?.trimEnd()).toMatch(/2026-11-20 15:12:25 {2}-$/);
  });

  it('does not let names steer the terminal', () => {
    expect(rowOf({ id: 'a\u001b[2Jb', model: 'm\nn' })).toMatch(/^a\ufffd\[2Jb .* m\ufffdn /);
  });
});
