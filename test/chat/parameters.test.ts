import { describe, expect, it } from 'vitest';
import { openAiOptions, PARAMETERS, parseAssignment, parseSetting } from '../../src/chat/parameters.js';

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (thrown) {
    const { code, message, hint } = thrown as { code: string; message: string; hint?: string };
    return `${code}: ${message}${hint === undefined ? '' : ` (${hint})`}`;
  }
  throw new Error('it was not refused');
}

describe('a parameter', () => {
  it.each<[string, string, unknown]>([
    ['temperature', '0.2', { name: 'temperature', value: 0.2 }],
    ['Top-P', ' 1 ', { name: 'top_p', value: 1 }],
    ['max_tokens', '512', { name: 'num_predict', value: 512 }],
    ['num_predict', '-1', { name: 'num_predict', value: -1 }],
    ['seed', '1e3', { name: 'seed', value: 1000 }],
    ['min_p', '.05', { name: 'min_p', value: 0.05 }],
    ['stop', 'END', { name: 'stop', value: ['END'] }],
    ['stop', '["\\n", "END"]', { name: 'stop', value: ['\n', 'END'] }],
    ['stop', '"\\n"', { name: 'stop', value: ['\n'] }],
    ['stop', '[half', { name: 'stop', value: ['[half'] }],
  ])('%s takes %j', (name, text, setting) => {
    expect(parseSetting(name, text)).toEqual(setting);
  });

  it.each([
    ['temperature', 'warm', 'usage: temperature must be a number from 0 to 5, got "warm"'],
    ['temperature', '', 'usage: temperature must be a number from 0 to 5, got ""'],
    ['temperature', '0x1', 'usage: temperature must be a number from 0 to 5, got "0x1"'],
    ['top_p', '1.1', 'usage: top_p must be a number from 0 to 1, got "1.1"'],
    ['top_k', '1.5', 'usage: top_k must be a whole number from 0 to 1000000, got "1.5"'],
    ['stop', '', 'usage: stop must be a text or a JSON list of texts, got nothing'],
    ['stop', '[1]', 'usage: stop must be a text or a JSON list of texts, got [1]'],
    ['temprature', '1', 'usage: there is no parameter "temprature" (did you mean temperature?)'],
    ['max_token', '1', 'usage: there is no parameter "max_token" (did you mean max_tokens?)'],
  ])('%s does not take %j', (name, text, message) => {
    expect(refusal(() => parseSetting(name, text))).toBe(message);
  });

  it('that is like no other tells which ones there are', () => {
    const message = refusal(() => parseSetting('colour_of_the_sky', 'blue'));
    for (const { name } of PARAMETERS) expect(message).toContain(name);
  });

  it('is written as name=value, with further equals signs in the value', () => {
    expect(parseAssignment('stop=a=b')).toEqual({ name: 'stop', value: ['a=b'] });
    expect(refusal(() => parseAssignment('temperature'))).toMatch(/has no value.*temperature=0.2/);
    expect(refusal(() => parseAssignment('=1'))).toMatch(/has no value/);
  });

  it('has a name of its own, whatever aliases there are', () => {
    const names = PARAMETERS.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('parameters as OpenAI takes them', () => {
  it('name the longest answer differently, and know nothing of loading', () => {
    const options = { temperature: 0, num_predict: 9, num_ctx: 4096, stop: ['x'], top_k: 1 };
    expect(openAiOptions(options)).toEqual({ temperature: 0, max_tokens: 9, stop: ['x'], top_k: 1 });
  });

  it('say nothing of an answer without end', () => {
    expect(openAiOptions({ num_predict: -1 })).toEqual({});
  });
});
