import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/base/random.js';
import { ThinkTags } from '../../src/chat/think-tags.js';

interface Read {
  text: string;
  reasoning: string;
}

function read(chunks: readonly string[]): Read {
  const tags = new ThinkTags();
  const all: Read = { text: '', reasoning: '' };
  for (const piece of [...chunks.flatMap((chunk) => tags.push(chunk)), ...tags.end()]) {
    if (piece.textWasReasoning) {
      all.reasoning += all.text;
      all.text = '';
    }
    all[piece.kind] += piece.text;
  }
  return all;
}

const CASES: readonly (readonly [what: string, answer: string, reasoning: string, text: string])[] = [
  ['no tags', 'Hello, world.', '', 'Hello, world.'],
  ['a thought in front', '<think>\nhm\n</think>\n\nYes.', 'hm\n', 'Yes.'],
  ['blanks in front of it', '\n <think>hm</think>Yes.', 'hm', 'Yes.'],
  ['an empty thought', '<think>\n\n</think>\n\nYes.', '', 'Yes.'],
  ['a thought without an end', '<think>hm, well', 'hm, well', ''],
  ['a thought that is cut inside its last tag', '<think>hm</thi', 'hm</thi', ''],
  ['only the end of a thought', 'hm\nwell\n</think>\n\nYes.', 'hm\nwell\n', 'Yes.'],
  ['only the end of a thought, at the end of a line', 'hm, well.</think>\n\nYes.', 'hm, well.', 'Yes.'],
  ['only the end of a thought, and nothing behind it', 'hm\n</think>', 'hm\n', ''],
  ['an end at the very beginning', '</think>\n\nYes.', '', 'Yes.'],
  ['talk about tags', 'Write <think> and </think> like this.', '', 'Write <think> and </think> like this.'],
  ['an end in a line of text', 'The tag </think> ends it.\nSo.', '', 'The tag </think> ends it.\nSo.'],
  ['an end in code', '```\n</think>\n```\nSo.', '', '```\n</think>\n```\nSo.'],
  ['talk about tags behind a thought', '<think>hm</think>Use\n</think>\nhere', 'hm', 'Use\n</think>\nhere'],
  ['what only looks like a tag', '<thin ice', '', '<thin ice'],
  ['what looks like an end', 'a </thin ice', '', 'a </thin ice'],
  ['blanks alone', '  \n', '', '  \n'],
  ['blanks in front of text', '\n  Yes', '', '\n  Yes'],
  ['nothing', '', '', ''],
];

describe('tags of reasoning', () => {
  it.each(CASES)('are told apart: %s', (_what, answer, reasoning, text) => {
    expect(read([answer])).toEqual({ reasoning, text });
  });

  it.each(CASES)('come out the same one character at a time: %s', (_what, answer, reasoning, text) => {
    expect(read(Array.from(answer))).toEqual({ reasoning, text });
  });

  it('come out the same however the answer is cut up', () => {
    const seed = 20261120;
    const random = seededRandom(seed);
    for (let round = 0; round < 300; round++) {
      const [what, answer, reasoning, text] = CASES[Math.floor(random() * CASES.length)]!;
      const chunks: string[] = [];
      for (let at = 0; at < answer.length; ) {
        const end = at + 1 + Math.floor(random() * 9);
        chunks.push(answer.slice(at, end));
        at = end;
      }
      expect(read(chunks), `seed ${seed}, round ${round}, ${what}: ${JSON.stringify(chunks)}`).toEqual({
        reasoning,
        text,
      });
    }
  });

  it('hold back nothing that cannot be a tag', () => {
    const tags = new ThinkTags();
    expect(tags.push('Hello')).toEqual([{ kind: 'text', text: 'Hello' }]);
    expect(tags.push(' a <')).toEqual([{ kind: 'text', text: ' a ' }]);
    expect(tags.push('b')).toEqual([{ kind: 'text', text: '<b' }]);
  });
});
