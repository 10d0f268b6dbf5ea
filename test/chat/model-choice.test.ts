import { describe, expect, it } from 'vitest';
import { modelsOfEngines, pickModel } from '../../src/chat/model-choice.js';
import type { EngineReport } from '../../src/protocol/status.js';

const choice = (name: string, state = 'ready') => ({ name, state, contextTokens: undefined });

function engine(models: readonly string[], state: string, context: number | null): EngineReport {
  return {
    ...{ name: 'e', kind: 'openai', models, state, context_length: context, last_error: null },
    ...{ slots_total: 1, slots_busy: 0, slots_quarantined: 0, waiting: 0, restarts: 0 },
  };
}

describe('the choice of a model', () => {
  const models = [choice('cold', 'stopped'), choice('qwen3-0.6b'), choice('remote-gpt')];

  it('falls on the first that is ready where nobody wishes for one', () => {
    expect(pickModel(models, undefined).name).toBe('qwen3-0.6b');
    expect(pickModel([choice('cold', 'stopped')], undefined).name).toBe('cold');
  });

  it('falls on the one that is wished for, ready or not', () => {
    expect(pickModel(models, 'cold').name).toBe('cold');
  });

  it('takes any name where the server tells none', () => {
    expect(pickModel([], 'mine').name).toBe('mine');
    expect(pickModel([], undefined).name).toBe('default');
  });

  it.each([
    ['qwen3-0.6', 'did you mean qwen3-0.6b?'],
    ['gpt', 'did you mean remote-gpt?'],
    ['llama-4-scout', 'there is: cold, qwen3-0.6b, remote-gpt'],
  ])('says what may have been meant by %s', (wanted, hint) => {
    expect(() => pickModel(models, wanted)).toThrow(expect.objectContaining({ code: 'model_not_found', hint }));
  });

  it('knows of one model on several engines the best state and the smallest context', () => {
    const engines = [engine(['a', 'b'], 'stopped', null), engine(['a'], 'ready', 8192), engine(['a'], 'backoff', 4096)];
    expect(modelsOfEngines(engines)).toEqual([
      { name: 'a', state: 'ready', contextTokens: 4096 },
      { name: 'b', state: 'stopped', contextTokens: undefined },
    ]);
  });
});
