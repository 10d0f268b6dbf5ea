import { describe, expect, it } from 'vitest';
import { countTokens, tokenize } from '../../../src/engine/simulated/words.js';

describe('countTokens', () => {
  it.each(['', 'hello the river', '1,2;3 -- 45678', 'café 東京🦙🦙 naïve', '\n\n\n a', '\ud800x', 'é'.repeat(7)])(
    'tells for %j how many tokens there are',
    (text) => {
      expect(countTokens(text)).toBe(tokenize(text).length);
    },
  );

  it('copes with a word of many megabytes', () => {
    expect(countTokens('x'.repeat(4e6))).toBe(1e6);
    expect(tokenize('é'.repeat(1e6))).toHaveLength(5e5);
  });
});
