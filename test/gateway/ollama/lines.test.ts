import { describe, expect, it } from 'vitest';
import { emptyLine, lastLines, lineOf, residencyAnswer, wholeAnswer } from '../../../src/gateway/ollama/lines.js';

const CHAT = { call: 'chat', type: 'chat', model: 'asked' } as const;
const GENERATE = { call: 'generate', type: 'generate', model: 'asked' } as const;
const AT = '2026-01-02T03:04:05.678Z';
const HEAD = { model: 'asked', created_at: AT };
const COUNTS = { done: true, done_reason: 'stop', total_duration: 5, prompt_eval_count: 7, eval_count: 3 };

describe('the lines of an answer', () => {
  it('have the text and the thinking where Ollama has them', () => {
    expect(lineOf(CHAT, { kind: 'text', text: 'a' }, AT)).toEqual({
      ...HEAD,
      message: { role: 'assistant', content: 'a' },
      done: false,
    });
    expect(lineOf(CHAT, { kind: 'reasoning', text: 'hm' }, AT)).toEqual({
      ...HEAD,
      message: { role: 'assistant', content: '', thinking: 'hm' },
      done: false,
    });
    expect(lineOf(GENERATE, { kind: 'text', text: 'a' }, AT)).toEqual({ ...HEAD, response: 'a', done: false });
    expect(lineOf(GENERATE, { kind: 'reasoning', text: 'hm' }, AT)).toEqual({
      ...HEAD,
      response: '',
      thinking: 'hm',
      done: false,
    });
    expect(emptyLine(GENERATE, AT)).toEqual({ ...HEAD, response: '', done: false });
  });

  it.each([
    { kind: 'state', status: 'running' } as const,
    { kind: 'restart', attempt: 2 } as const,
    { kind: 'tool_call', call: { index: 0 } } as const,
    { kind: 'done', status: 'completed', usage: undefined } as const,
  ])('are none for $kind', (record) => {
    expect(lineOf(CHAT, record, AT)).toBeUndefined();
  });

  it('end with the counts, without the text that was told, under the name that was asked for', () => {
    const message = { role: 'assistant', content: 'all', thinking: 'hm' };
    expect(lastLines(CHAT, { model: 'other', created_at: 'x', message, ...COUNTS }, AT)).toEqual([
      { model: 'asked', created_at: 'x', message: { role: 'assistant', content: '' }, ...COUNTS },
    ]);
    const result = { model: 'other', created_at: 'x', response: 'all', thinking: 'hm', context: [1], ...COUNTS };
    expect(lastLines(GENERATE, result, AT)).toEqual([
      { model: 'asked', created_at: 'x', response: '', context: [1], ...COUNTS },
    ]);
  });

  it('tell tool calls whole, before the last one', () => {
    const calls = [{ function: { name: 'f', arguments: { a: 1 } } }];
    const result = { created_at: 'x', message: { role: 'assistant', content: '', tool_calls: calls }, ...COUNTS };
    expect(lastLines(CHAT, result, AT)).toEqual([
      { ...HEAD, message: { role: 'assistant', content: '', tool_calls: calls }, done: false },
      { model: 'asked', created_at: 'x', message: { role: 'assistant', content: '' }, ...COUNTS },
    ]);
  });
});

describe('an answer in one piece', () => {
  it('is the result of the task, under the name that was asked for', () => {
    expect(wholeAnswer(GENERATE, { model: 'other', response: 'x' })).toEqual({ model: 'asked', response: 'x' });
  });

  it('of the old embeddings is the first one', () => {
    const asked = { call: 'embeddings', type: 'embed', model: 'm' } as const;
    expect(wholeAnswer(asked, { model: 'm', embeddings: [[1, 2]] })).toEqual({ embedding: [1, 2] });
    expect(wholeAnswer(asked, { model: 'm', embeddings: [] })).toEqual({ embedding: [] });
  });

  it('where a model is only loaded is empty', () => {
    expect(residencyAnswer(CHAT, 'load', AT)).toEqual({
      ...HEAD,
      message: { role: 'assistant', content: '' },
      done: true,
      done_reason: 'load',
    });
    expect(residencyAnswer(GENERATE, 'unload', AT)).toMatchObject({ response: '', done: true, done_reason: 'unload' });
  });
});
