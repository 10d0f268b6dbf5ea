import { afterEach, describe, expect, it } from 'vitest';
import { askYesNo } from '../../../src/cli/repl/yes-no.js';
import type { LineResult } from '../../../src/cli/terminal/line-reader.js';
import { draw } from '../../../src/cli/terminal/picture.js';
import { endAll } from '../../support/ending.js';
import { fakeChat } from './fake-chat.js';

afterEach(endAll);

const QUESTION = `attach ${'a long name of a file, '.repeat(8)}and more?`;

async function asked(...results: readonly (LineResult | string)[]) {
  const fake = await fakeChat();
  fake.lines.results.push(
    ...results.map((one) => (typeof one === 'string' ? ({ kind: 'line', text: one } as const) : one)),
  );
  const answer = await askYesNo(fake.repl, QUESTION);
  return { ...fake, answer };
}

describe('a question for yes or no', () => {
  it('is shown whole, whatever the width of the window', async () => {
    const { err, lines } = await asked('y');
    expect(err.text).toBe(`· ${QUESTION}\n`);
    const [prompt = ''] = lines.prompts;
    const window = { continuation: '', text: '', cursor: 0, screenRows: 24, dim: (text: string) => text };
    for (const columns of [80, 20]) expect(draw({ ...window, prompt, columns }).rows).toEqual(['[Y/n] ']);
  });

  it.each([
    ['', 'yes'],
    [' Yes ', 'yes'],
    ['y', 'yes'],
    ['N', 'no'],
    ['no', 'no'],
  ])('takes %j for %s', async (text, answer) => {
    expect((await asked(text)).answer).toBe(answer);
  });

  it('is asked again where what was typed is neither', async () => {
    const { answer, lines, err } = await asked('what is in it?', { kind: 'edit', text: 'n' }, 'n');
    expect(answer).toBe('no');
    expect(lines.prompts).toHaveLength(3);
    expect(err.text.match(/yes or no\?/g)).toHaveLength(2);
  });

  it('can be given up, and ends with the input and the program', async () => {
    expect((await asked({ kind: 'interrupt', wasEmpty: true })).answer).toBe('interrupt');
    expect((await asked('perhaps')).answer).toBe('end');
    const ended = new AbortController();
    const { repl, lines } = await fakeChat({ signal: ended.signal });
    lines.read = async () => {
      ended.abort();
      throw ended.signal.reason;
    };
    expect(await askYesNo(repl, QUESTION)).toBe('interrupt');
  });
});
