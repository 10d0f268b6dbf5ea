import { afterEach, describe, expect, it } from 'vitest';
import { openWorkload, type WorkloadFlags } from '../../../bench/workload/open-workload.js';
import { type Workload, workloadHash } from '../../../bench/workload/workload.js';
import { parseWorkload, workloadText } from '../../../bench/workload/workload-file.js';
import { endAll } from '../../support/ending.js';
import { makePlace } from '../../support/place.js';

afterEach(endAll);

const SETTINGS = { maxTokens: 128, seed: 42, profile: undefined };

function open(flags: WorkloadFlags, seed = 42): Promise<Workload> {
  return openWorkload(flags, { ...SETTINGS, seed });
}

function items(workload: Workload, count: number) {
  return Array.from({ length: count }, (_, index) => workload.item(index)).filter((item) => item !== undefined);
}

function firstTexts(workload: Workload, count: number): string[] {
  return items(workload, count).map(({ messages }) => messages[0]?.content ?? '');
}

describe('a workload', () => {
  it.each<[string, WorkloadFlags]>([
    ['of one prompt', { prompt: 'x' }],
    ['that is made up', { synthetic: 'in=50:20,out=30:10' }],
  ])('%s is the same for the same seed, and another for another', async (_, flags) => {
    const [one, again, other] = [await open(flags), await open(flags), await open(flags, 43)];
    expect(workloadHash(items(again, 50))).toBe(workloadHash(items(one, 50)));
    expect(workloadHash(items(other, 50))).not.toBe(workloadHash(items(one, 50)));
    // In any order.
    expect(again.item(7)).toEqual(one.item(7));
  });

  it('marks every prompt in front, all alike in length', async () => {
    const texts = firstTexts(await open({ prompt: 'x' }), 2_000);
    expect(new Set(texts).size).toBe(2_000);
    expect(new Set(texts.map((text) => text.length)).size).toBe(1);
    expect(texts.every((text) => /^\[[0-9a-f]{8}\] x$/.test(text))).toBe(true);
  });

  it('repeats one prompt where that is wanted', async () => {
    const workload = await open({ prompt: 'x', unique: false });
    expect(workload.prompts).toBe('repeat');
    expect(firstTexts(workload, 3)).toEqual(['x', 'x', 'x']);
  });

  it('that is made up has the lengths that were asked for, and a prefix that all share', async () => {
    const made = items(await open({ synthetic: 'in=100:20,out=50:0', 'prefix-tokens': 10 }), 400);
    const lengths = made.map(({ messages }) => messages[0]?.content.split(' ').length ?? 0);
    const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
    // Seeded: always the same mean, of which the standard error is 1.
    expect(Math.abs(mean - 100)).toBeLessThan(4);
    expect(Math.min(...lengths)).toBeLessThan(80);
    expect(made.every(({ maxTokens }) => maxTokens === 50)).toBe(true);
    const prefixes = new Set(made.map(({ messages }) => messages[0]?.content.split(' ').slice(0, 10).join(' ')));
    expect(prefixes.size).toBe(1);
  });

  it('of ShareGPT sends the first words of the human, behind a system message', async () => {
    const list = [
      { conversations: [{ from: 'gpt', value: 'never asked' }] },
      {
        conversations: [
          { from: 'system', value: 'Be short.' },
          { from: 'human', value: 'One?' },
          { from: 'gpt', value: 'Two.' },
          { from: 'human', value: 'Three?' },
        ],
      },
    ];
    const file = makePlace().write('share.json', JSON.stringify(list));
    const workload = await open({ dataset: `sharegpt:${file}` });
    expect(workload).toMatchObject({ source: 'sharegpt:share.json' });
    expect(workload.item(0)?.messages).toEqual([
      { role: 'system', content: 'Be short.' },
      { role: 'user', content: 'One?' },
    ]);
  });

  it('of lines of JSON takes them in turn, over and over', async () => {
    const lines = ['{"prompt":"a","max_tokens":3}', '', '"b"', '{"messages":[{"role":"user","content":"c"}]}'];
    const file = makePlace().write('work.jsonl', lines.join('\n'));
    const workload = await open({ dataset: `jsonl:${file}` });
    expect(firstTexts(workload, 4)).toEqual(['a', 'b', 'c', 'a']);
    expect(items(workload, 2).map(({ maxTokens }) => maxTokens)).toEqual([3, 128]);
  });

  it.each([['{"no":1}'], ['{'], ['']])('of a line %j is refused with its place', async (line) => {
    const file = makePlace().write('work.jsonl', `${line}\n`);
    await expect(open({ dataset: `jsonl:${file}` })).rejects.toThrow('work.jsonl');
  });

  it('comes from one source', async () => {
    await expect(open({ prompt: 'x', synthetic: 'in=1,out=1' })).rejects.toThrow('exclude each other');
    await expect(open({ 'prefix-tokens': 3 })).rejects.toThrow('needs --synthetic');
  });
});

describe('a saved workload', () => {
  it('is the same bit for bit, with the same hash', async () => {
    const made = items(await open({ synthetic: 'in=20:5,out=8:3' }), 5);
    const text = workloadText({ source: 'synthetic', prompts: 'unique' }, made);
    const kept = parseWorkload(text, 'work.jsonl');
    expect(items(kept, 99)).toEqual(made);
    expect(kept).toMatchObject({ requests: 5, hash: workloadHash(made), prompts: 'unique' });
    expect(workloadText(kept, items(kept, 99))).toBe(text);
  });

  it('is refused where it was changed, cut or is none', async () => {
    const text = workloadText({ source: 'prompt', prompts: 'unique' }, items(await open({ prompt: 'x' }), 3));
    expect(() => parseWorkload(text.replace('] x', '] y'), 'f')).toThrow('was changed');
    expect(() => parseWorkload(text.split('\n').slice(0, 3).join('\n'), 'f')).toThrow('was changed');
    expect(() => parseWorkload(text.split('\n').slice(0, 1).join('\n'), 'f')).toThrow('holds no request');
    expect(() => parseWorkload('{}', 'f')).toThrow('is no workload file');
  });
});
