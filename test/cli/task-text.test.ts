import { describe, expect, it } from 'vitest';
import { taskText } from '../../src/cli/task-text.js';
import type { TaskReport } from '../../src/protocol/task.js';

const TASK: TaskReport = {
  id: 'crash-1',
  type: 'chat',
  priority: 5,
  status: 'completed',
  model: 'slow4000x',
  payload: { messages: [{ role: 'user', content: 'hi' }] },
  options: null,
  created_at: '2026-11-20T15:12:25Z',
  started_at: '2026-11-20T15:12:29Z',
  completed_at: '2026-11-20T15:12:33Z',
  retry_count: 0,
  max_retries: 3,
};

const text = (task: Partial<TaskReport> = {}) => taskText({ ...TASK, ...task });

describe('a task as text', () => {
  it('is as the reference shows it', () => {
    expect(text()).toBe(
      [
        'Task Status: crash-1',
        '===================',
        'Type:        chat',
        'Model:       slow4000x',
        'Status:      completed',
        'Priority:    5',
        'Created:     2026-11-20 15:12:25',
        'Started:     2026-11-20 15:12:29',
        'Completed:   2026-11-20 15:12:33',
        '',
        'Payload:',
        '========',
        'Messages:    1',
      ].join('\n'),
    );
  });

  it('tells retries and the error, on one line', () => {
    const failed = text({ retry_count: 2, error: 'line one\nline two' });
    expect(failed).toContain('\nRetry Count: 2/3\nError:       line one\ufffdline two\n');
  });

  it.each<[Partial<TaskReport>, string]>([
    [{ payload: { messages: [], system: 'be brief' } }, 'Messages:    0\nSystem:      be brief'],
    [{ type: 'generate', payload: { prompt: 'x'.repeat(51) } }, `Prompt:      ${'x'.repeat(50)}...`],
    [{ type: 'generate', payload: { prompt: 'a\n b' } }, 'Prompt:      a b'],
    [{ type: 'embed', payload: { input: 'one' } }, 'Input:       one'],
    [{ type: 'embed', payload: { input: ['one', 'two'] } }, 'Input:       2 texts: one, two'],
  ])('%j tells what was asked', (task, payload) => {
    expect(text(task)).toMatch(new RegExp(`Payload:\n========\n${payload.replaceAll('.', '\\.')}$`));
  });

  it('tells what came of it', () => {
    const message = { role: 'assistant', content: 'Hello\nthere' };
    const result = { message, done: true, done_reason: 'stop', prompt_eval_count: 3, eval_count: 2 };
    expect(text({ result, executed_on: 'box' })).toMatch(
      /\n\nResult:\n=======\nEngine: {6}box\nAnswer: {6}Hello there\nTokens: {6}3 in, 2 out\nEnded by: {4}stop$/,
    );
    const embedded = text({ type: 'embed', payload: { input: 'x' }, result: { embeddings: [[1, 2, 3]] } });
    expect(embedded).toMatch(/Embeddings: {2}1 of 3 numbers$/);
  });

  it('tells when a waiting task is due', () => {
    expect(text({ status: 'pending', scheduled_at: '2026-11-21T07:00:00Z' })).toContain(
      '\nScheduled:   2026-11-21 07:00:00\n',
    );
  });
});
