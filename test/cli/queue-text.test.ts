import { expect, it } from 'vitest';
import { queueText } from '../../src/cli/queue-text.js';
import { statusText } from '../../src/cli/status-text.js';
import { countsByPriority, type ServerStatus } from '../../src/protocol/status.js';

const STATUS: ServerStatus = {
  pending_tasks: 3,
  running_tasks: 0,
  completed_tasks: 15,
  failed_tasks: 2,
  cancelled_tasks: 0,
  total_tasks: 20,
  queues_by_priority: countsByPriority(
    new Map([
      [5, 3],
      [-2, 1],
    ]),
  ),
  workers_active: 0,
  workers_idle: 4,
  version: '1.2.3',
  uptime_s: 61,
  engines: [],
  waiting_interactive: 1,
  node: 'n',
};

it('the queue is shown as the reference shows it, lowest priority first', () => {
  expect(queueText(STATUS)).toBe(
    [
      'Queue Statistics:',
      '================',
      'Pending Tasks:   3',
      'Running Tasks:   0',
      'Completed Tasks: 15',
      'Failed Tasks:    2',
      'Cancelled Tasks: 0',
      'Total Tasks:     20',
      '',
      'Worker Statistics:',
      '==================',
      'Active Workers:  0',
      'Idle Workers:    4',
      '',
      'Priority Queues:',
      '================',
      '-2        : 1 tasks',
      'Low       : 0 tasks',
      'Normal    : 3 tasks',
      'High      : 0 tasks',
      'Critical  : 0 tasks',
    ].join('\n'),
  );
});

it('the status of a server tells queue, tasks and workers, and what waits by priority', () => {
  expect(statusText('http://h:1', STATUS).split('\n').slice(0, 5)).toEqual([
    'server    http://h:1   up 1 m 1 s   gollama 1.2.3',
    'queue     1 waiting · 0 running',
    'tasks     3 pending · 0 running · 15 completed · 2 failed · 0 cancelled',
    'workers   0 active · 4 idle',
    'waiting   3 normal · 1 priority -2',
  ]);
});
