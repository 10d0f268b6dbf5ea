/** The two READMEs: what they show is what the program prints, and they say the same in two languages. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Plugin } from '@oclif/core';
import { describe, expect, it } from 'vitest';
import { type Blocks, blocksIn, outdatedBlocks, READMES, withBlocks, withKept } from '../bin/readme/blocks.js';
import { makeBlocks } from '../bin/readme/scenes.js';
import { settled, shapeOf } from '../bin/readme/settled.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const read = (name: string) => readFileSync(`${ROOT}${name}`, 'utf8');
const documents = READMES.map((name) => ({ name, text: read(name) }));
const [english = '', chinese = ''] = documents.map(({ text }) => text);

interface KnownCommand {
  readonly id: string;
  readonly hidden: boolean;
  readonly flags: Readonly<
    Record<string, { readonly name: string; readonly char?: string; readonly allowNo?: boolean }>
  >;
}

const plugin = new Plugin({ root: ROOT, type: 'core', ignoreManifest: true, respectNoCacheDefault: true });
await plugin.load();
const commands = Object.values(plugin.manifest.commands) as unknown as readonly KnownCommand[];

/** The fences with their language, comments of shells taken out. */
function fencesOf(text: string): readonly string[] {
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = '', body = '']) => {
    const lines = body
      .split('\n')
      .map((line) => (language === 'sh' ? line.replace(/(^| {2,})# .*/, '').trimEnd() : line));
    return `${language}\n${lines.join('\n')}`;
  });
}

function linksOf(text: string): readonly string[] {
  return [...text.matchAll(/\[[^\]]*\]\(([^)]+)\)/g)].map(([, target = '']) => target);
}

/** What is written as code, outside of fences. */
function codeOf(text: string): readonly string[] {
  return [...text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
}

/** Every call of `gollama` with its words, in fences and in sentences. */
function callsOf(text: string): readonly (readonly string[])[] {
  const shell = fencesOf(text).filter((fence) => /^(sh|console)\n/.test(fence));
  const lines = [...shell.flatMap((fence) => fence.split('\n')), ...codeOf(text)];
  return lines.flatMap((line) =>
    [...line.matchAll(/(?:^|[$&(|] ?)gollama ([^|&)]+)/g)].map(([, words = '']) =>
      [...words.matchAll(/"[^"]*"|'[^']*'|\S+/g)].map(([word]) => word),
    ),
  );
}

/** What is wrong with it; undefined: nothing. */
function faultOf(words: readonly string[]): string | undefined {
  const plain = words.findIndex((word) => !/^[a-z][a-z-]*$/.test(word));
  const named = words.slice(0, plain < 0 ? words.length : plain);
  const command = [named.slice(0, 2).join(':'), named[0]].flatMap(
    (id) => commands.find((one) => one.id === id) ?? [],
  )[0];
  // A group of commands.
  if (!command && words.length === 1 && commands.some(({ id }) => id.startsWith(`${words[0]}:`))) return undefined;
  if (!command) return `no command: gollama ${words.join(' ')}`;
  const flags = Object.values(command.flags);
  const known = new Set([
    '--help',
    ...flags.flatMap(({ name, char, allowNo }) => [
      `--${name}`,
      ...(char ? [`-${char}`] : []),
      ...(allowNo ? [`--no-${name}`] : []),
    ]),
  ]);
  const unknown = words.filter((word) => /^-{1,2}[a-z]/i.test(word) && !known.has(word.split('=', 1)[0] ?? ''));
  return unknown.length > 0 ? `no flag of ${command.id}: ${unknown.join(' ')}` : undefined;
}

describe('the READMEs', () => {
  it('show what the commands print', { timeout: 120_000 }, async () => {
    const made = withKept(english, await makeBlocks());
    for (const { name, text } of documents) expect([name, outdatedBlocks(text, made)]).toEqual([name, []]);
    // Where this differs, the block tells more than its name.
    expect(Object.fromEntries(blocksIn(english))).toEqual(
      Object.fromEntries([...made].map(([name, { text }]) => [name, text])),
    );
  });

  it.each(documents)('$name names every command', ({ text }) => {
    const code = [...codeOf(text), ...fencesOf(text)].join('\n');
    const missing = commands
      .filter(({ hidden }) => !hidden)
      .map(({ id }) => id.replaceAll(':', ' '))
      .filter((words) => !new RegExp(`(^|gollama )${words}\\b`, 'm').test(code));
    expect(missing).toEqual([]);
  });

  it.each(documents)('$name calls only what there is', ({ text }) => {
    const calls = callsOf(text);
    expect(calls.length).toBeGreaterThan(50);
    expect(calls.flatMap((words) => faultOf(words) ?? [])).toEqual([]);
  });

  it.each(['frobnicate', 'submit it', 'list --no-such-flag', 'bench -Z 3'])(
    'a call of what there is not is found: %s',
    (line) => {
      expect(callsOf(`\`gollama ${line}\``).map(faultOf)).toEqual([expect.stringMatching(/^no (command|flag)/)]);
    },
  );

  it.each(documents)('$name tells how to run it and how to test it', ({ text }) => {
    for (const line of ['npm ci && npm start', 'npm ci && npm test']) expect(fencesOf(text)).toContain(`sh\n${line}\n`);
  });

  it.each(documents)('$name calls only scripts that there are', ({ text }) => {
    const { scripts } = JSON.parse(read('package.json'));
    const called = [...text.matchAll(/npm run ([\w:]+)/g)].map(([, script = '']) => script);
    expect(called.filter((script) => !(script in scripts))).toEqual([]);
  });

  it('have the same fences, blocks and sections in the same order', () => {
    expect(fencesOf(chinese)).toEqual(fencesOf(english));
    expect([...blocksIn(chinese)]).toEqual([...blocksIn(english)]);
    const levels = (text: string) => [...text.matchAll(/^#+(?= )/gm)].map(([level]) => level);
    expect(levels(chinese)).toEqual(levels(english));
  });

  it('have the same links, beside that to each other, and each leads somewhere', () => {
    const others = (text: string) => linksOf(text).filter((target) => !/^README/.test(target));
    expect(others(chinese)).toEqual(others(english));
    expect([linksOf(english)[0], linksOf(chinese)[0]]).toEqual(['README.zh-CN.md', 'README.md']);
    for (const target of others(english)) expect(() => read(target)).not.toThrow(/ENOENT/);
  });

  it('name the same exit codes', () => {
    const codes = (text: string) => [...text.matchAll(/^\| (\d+) +\|/gm)].map(([, code]) => code);
    expect(codes(chinese)).toEqual(codes(english));
  });
});

describe('a block', () => {
  const document = 'a\n<!-- made by: x -->\n\n```console\n$ x\n1.5 ms\n```\nb\n';
  const made = (text: string, isMeasured = false): Blocks => new Map([['x', { text, isMeasured }]]);

  it('is written between its fences', () => {
    expect(blocksIn(document)).toEqual(new Map([['x', '$ x\n1.5 ms']]));
    expect(withBlocks(document, made('$ x\n2 $&'))).toBe(document.replace('1.5 ms', () => '2 $&'));
  });

  it('is out of date as soon as it differs, is missing, or is left over', () => {
    expect(outdatedBlocks(document, made('$ x\n1.5 ms'))).toEqual([]);
    expect(outdatedBlocks(document, made('$ x\n1.6 ms'))).toEqual(['x']);
    expect(outdatedBlocks('a', made('$ x'))).toEqual(['x']);
    expect(outdatedBlocks(document, new Map())).toEqual(['x']);
    expect(() => withBlocks('a', made('$ x'))).toThrow('no place');
    expect(() => withBlocks(document, new Map())).toThrow('nothing makes');
  });

  it('keeps the figures that it has, as long as only they differ', () => {
    expect(withKept(document, made('$ x\n12.25 ms', true)).get('x')?.text).toBe('$ x\n1.5 ms');
    expect(withKept(document, made('$ x\n12.25 s', true)).get('x')?.text).toBe('$ x\n12.25 s');
    expect(withKept(document, made('$ x\n12.25 ms')).get('x')?.text).toBe('$ x\n12.25 ms');
  });
});

describe('what differs from run to run', () => {
  it.each([
    ['http://127.0.0.1:43127/v1', 'http://127.0.0.1:8081/v1'],
    ['[20:01:28] INFO (27672): on', '[09:30:00] INFO (4711): on'],
    ['(pid 12, up 1 m 5 s)', '(pid 4711, up 12 s)'],
    ['2-kk4ayr52169j  chat', '2-7f3k9q2m8x4c  chat'],
    ['2026-11-21 20:01:29', '2026-01-15 09:30:00'],
    ['17.4 tok/s · ttft 1.2 s · wait 7 ms', '16.7 tok/s · ttft 712 ms · wait 0 ms'],
    ['v20.20.2 (>=20.19; note: old)', 'v24.11.0 (>=20.19)'],
    ['/tmp/x/home/a, 9.5 GB free', '/home/me/a, 128 GB free'],
    ['a\nClient saturated: delay 5.2 ms,\n  300 ev/s\nTokens\n! 1 requests opened\n', 'a\nTokens'],
  ])('is settled: %j', (seen, shown) => {
    expect(settled(seen, { '/tmp/x/home': '/home/me' })).toBe(shown);
  });

  it('is no part of a shape', () => {
    expect(shapeOf('  P50   1,205.41 ms\n  E2E 201 ┤███ 9\n  tok/s █▁')).toBe(shapeOf('  P50     3.5 ms'));
    expect(shapeOf('P50 1 ms')).not.toBe(shapeOf('P90 1 s'));
  });
});
