import { describe, expect, it } from 'vitest';
import { taskTable } from '../../src/cli/task-table.js';
import { displayWidth } from '../../src/cli/terminal/display-width.js';
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

  it('stays in line behind a Chinese name', () => {
    const [ascii = '', chinese = ''] = [rowOf({ model: 'abcd' }), rowOf({ model: '模型' })];
    expect(chinese.replace('模型', 'abcd')).toBe(ascii);
  });

  it('shortens a name by the cells it takes', () => {
    expect(rowOf({ model: '一二三四五六七' }).slice(68)).toMatch(/^一二三四五六\.\.\. 2026/);
  });
});

describe('on a terminal', () => {
  const shown = (columns: number, task: Partial<TaskReport> = {}) =>
    taskTable([{ ...TASK, ...task }], 1, columns).split('\n');

  it('shows names whole where there is room for them, and otherwise all columns', () => {
    const model = '模型-通义千问-72b-instruct:q4_k_m';
    expect(shown(160, { model })[1]).toContain(model);
    const [titles, row] = shown(90, { model });
    expect(titles).toMatch(/COMPLETED$/);
    expect(row).toContain('模型-通义千...');
  });

  it.each([
    [100, 'ID      TYPE  PRIORITY  STATUS  MODEL  CREATED              COMPLETED'],
    [70, 'ID      TYPE  PRIORITY  STATUS  MODEL  CREATED'],
    [50, 'ID      PRIORITY  STATUS  MODEL'],
    [26, 'ID      STATUS  MODEL'],
    [16, 'ID      STATUS'],
  ])('of %d columns shows what fits', (columns, titles) => {
    expect(shown(columns)[0]).toBe(titles);
  });

  it.each([5, 16, 30, 80])('never takes more than the %d columns there are', (columns) => {
    const lines = shown(columns, { id: 'a'.repeat(36), model: '一二三四五六七' });
    for (const line of lines.slice(0, 2)) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
  });
});
