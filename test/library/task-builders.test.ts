import { describe, expect, it } from 'vitest';
import { newChatTask, newEmbedTask, newGenerateTask, Priority } from '../../src/index.js';
import { parseSubmission } from '../../src/protocol/task-submission.js';

const NOW_MS = Date.parse('2026-01-01T00:00:00Z');
const messages = [{ role: 'user', content: 'hello' }];

describe('a task in the making', () => {
  it('has normal priority and nothing that was not said', () => {
    expect(newChatTask('m', messages)).toEqual({ type: 'chat', model: 'm', payload: { messages }, priority: 5 });
    expect(newGenerateTask('m', 'p')).toEqual({ type: 'generate', model: 'm', payload: { prompt: 'p' }, priority: 5 });
    expect(newEmbedTask('m', ['a'])).toEqual({ type: 'embed', model: 'm', payload: { input: ['a'] }, priority: 5 });
  });

  it('carries what was said in the words of the wire', () => {
    const options = { temperature: 0 };
    const chat = newChatTask('m', messages, { system: 's', stream: true, priority: Priority.High, options });
    expect(chat).toEqual({
      type: 'chat',
      model: 'm',
      payload: { messages, system: 's', stream: true },
      priority: 10,
      options,
    });
    const generate = newGenerateTask('m', 'p', { system: 's', template: 't', raw: false, maxRetries: 0, id: 'mine' });
    expect(generate).toMatchObject({
      payload: { prompt: 'p', system: 's', template: 't', raw: false },
      max_retries: 0,
      id: 'mine',
    });
    expect(newEmbedTask('m', 'a', { truncate: false, priority: 'critical' })).toMatchObject({
      payload: { input: 'a', truncate: false },
      priority: 'critical',
    });
  });

  it('is what a queue takes, whatever was said', () => {
    const context = { nowMs: NOW_MS };
    const task = newChatTask('m', messages, {
      priority: -3,
      delay: 1500,
      webhook: 'https://example.org/hook',
      idempotencyKey: 'k',
      maxRetries: 2,
    });
    expect(parseSubmission(task, context)).toMatchObject({
      priority: -3,
      notBeforeMs: NOW_MS + 1500,
      webhook: 'https://example.org/hook',
      idempotencyKey: 'k',
      maxRetries: 2,
    });
    const later = newChatTask('m', messages, { scheduledAt: new Date(NOW_MS + 60_000) });
    expect(parseSubmission(later, context).notBeforeMs).toBe(NOW_MS + 60_000);
    const atOnce = newChatTask('m', messages, { delay: 0 });
    expect(parseSubmission(atOnce, context).notBeforeMs).toBeUndefined();
  });
});
