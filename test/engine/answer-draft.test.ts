import { describe, expect, it } from 'vitest';
import { AnswerDraft } from '../../src/engine/answer-draft.js';

function assemble(...chunks: Record<string, unknown>[]): unknown {
  const draft = new AnswerDraft();
  for (const chunk of chunks) draft.add(chunk);
  return JSON.parse(draft.toJson());
}

const delta = (fields: object, index = 0) => ({ choices: [{ index, delta: fields, finish_reason: null }] });
const end = (index = 0, reason = 'stop') => ({ choices: [{ index, delta: {}, finish_reason: reason }] });

describe('AnswerDraft', () => {
  it('joins the texts of a delta, also those it does not know', () => {
    const answer = assemble(delta({ content: 'a', thinking: 'x' }), delta({ content: 'b', thinking: 'y' }));
    expect(answer).toMatchObject({ choices: [{ message: { content: 'ab', thinking: 'xy' } }] });
  });

  it('takes the role once, however often it comes', () => {
    const answer = assemble(delta({ role: 'assistant', content: null }), delta({ role: 'assistant', content: null }));
    expect(answer).toMatchObject({ choices: [{ message: { role: 'assistant', content: '' } }] });
  });

  it('keeps unknown values of a delta, the last one of each', () => {
    const answer = assemble(
      delta({ score: 1, audio: { id: 'x', data: 'aa' } }),
      delta({ score: 2, audio: { data: 'bb' } }),
    );
    expect(answer).toMatchObject({ choices: [{ message: { score: 2, audio: { id: 'x', data: 'aabb' } } }] });
  });

  it('merges tool calls by their index, and drops the index', () => {
    const part = (index: number, fields: object) => delta({ tool_calls: [{ index, ...fields }] });
    const answer = assemble(
      part(0, { id: 'a', type: 'function', function: { name: 'f', arguments: '{' } }),
      part(1, { id: 'b', type: 'function', function: { name: 'g', arguments: '[' } }),
      part(0, { function: { arguments: '}' } }),
      part(1, { function: { arguments: ']' } }),
    );
    expect((answer as { choices: { message: object }[] }).choices[0]?.message).toEqual({
      content: '',
      tool_calls: [
        { id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } },
        { id: 'b', type: 'function', function: { name: 'g', arguments: '[]' } },
      ],
    });
  });

  it('appends log probabilities, and null takes none of them away', () => {
    const logprobs = (...items: object[]) => ({ choices: [{ index: 0, text: 'a', logprobs: { content: items } }] });
    const answer = assemble(logprobs({ id: 1 }), logprobs({ id: 2 }, { id: 3 }), {
      choices: [{ index: 0, logprobs: null }],
    });
    expect(answer).toEqual({
      choices: [{ index: 0, text: 'aa', logprobs: { content: [{ id: 1 }, { id: 2 }, { id: 3 }] } }],
    });
  });

  it('sorts choices by index, whichever comes first', () => {
    const answer = assemble(delta({ content: 'b' }, 1), delta({ content: 'a' }, 0), end(0), end(1));
    expect(answer).toMatchObject({ choices: [{ index: 0, message: { content: 'a' } }, { index: 1 }] });
  });

  it('keeps the usage that came with the first choice', () => {
    const usage = (tokens: number) => ({ choices: [], usage: { tokens } });
    expect(assemble(end(1), usage(1), end(0), usage(0))).toMatchObject({ usage: { tokens: 0 } });
    expect(assemble(end(0), usage(0), end(1), usage(1))).toMatchObject({ usage: { tokens: 0 } });
  });

  it('takes a usage that came once at the very end, after nulls', () => {
    const answer = assemble(
      { ...end(0), usage: null },
      { ...end(1), usage: null },
      { choices: [], usage: { tokens: 7 } },
    );
    expect(answer).toMatchObject({ usage: { tokens: 7 } });
  });

  it('names the answer as a whole one and leaves reports on the way out', () => {
    const answer = assemble({ ...end(), object: 'chat.completion.chunk', prompt_progress: { total: 1 }, custom: 1 });
    expect(answer).toMatchObject({ object: 'chat.completion', custom: 1 });
    expect(answer).not.toHaveProperty('prompt_progress');
  });

  it('is finished when every choice that began has ended', () => {
    const draft = new AnswerDraft();
    expect(draft.finished).toBe(false);
    draft.add(delta({ content: 'a' }, 0));
    draft.add(delta({ content: 'b' }, 1));
    draft.add(end(0));
    expect(draft.finished).toBe(false);
    draft.add(end(1));
    expect(draft.finished).toBe(true);
  });

  it('counts texts and array items, and not what is replaced', () => {
    const draft = new AnswerDraft();
    draft.add({ ...delta({ content: '' }), timings: { a: 1 } });
    const before = draft.keptChars;
    draft.add({ ...delta({ content: 'x'.repeat(100) }), timings: { a: 2 } });
    expect(draft.keptChars).toBe(before + 100);
    draft.add(delta({ notes: ['x'.repeat(98)] }));
    expect(draft.keptChars).toBe(before + 200);
  });

  it('treats the key __proto__ as a key', () => {
    const draft = new AnswerDraft();
    draft.add(JSON.parse('{"choices":[{"index":0,"delta":{"__proto__":{"polluted":1}}}],"__proto__":{"polluted":1}}'));
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(draft.toJson()).toContain('"__proto__":{"polluted":1}');
  });
});
