import { describe, expect, it } from 'vitest';
import { contextUse } from '../../../src/chat/context-meter.js';
import { EMPTY_CONVERSATION } from '../../../src/chat/conversation.js';
import { newSession } from '../../../src/chat/session.js';
import { lineMeaning } from '../../../src/cli/repl/command-table.js';
import { codeFences, openFence } from '../../../src/cli/repl/fences.js';
import {
  agoText,
  contextText,
  countText,
  plural,
  sizeText,
  statsText,
  timeText,
} from '../../../src/cli/repl/figures.js';
import { meaningOf } from '../../../src/cli/repl/interrupts.js';
import { waitingText } from '../../../src/cli/repl/queue-watch.js';
import { transcript } from '../../../src/cli/repl/transcript.js';
import { chatWish } from '../../../src/cli/repl/wish.js';
import { lastWord, quoted, wordsOf } from '../../../src/cli/repl/words.js';
import type { ServerStatus } from '../../../src/protocol/status.js';
import { givenAnswer } from '../../chat/given-answer.js';
import { NO_STATS } from './fake-chat.js';

describe('the line behind an answer', () => {
  it('tells tokens, speed, times and context', () => {
    const stats = { ...NO_STATS, completionTokens: 118, tokensPerSecond: 57.94, ttftMs: 94.4, queueMs: 0 };
    const use = { usedTokens: 240, isEstimate: false, limitTokens: 8192, share: 240 / 8192, level: 'fine' } as const;
    expect(statsText(stats, use)).toBe('118 tok · 57.9 tok/s · ttft 94 ms · wait 0 ms · context 240/8192 (3 %)');
  });

  it('leaves out what nobody knows, and marks estimates', () => {
    const use = contextUse({ ...EMPTY_CONVERSATION, system: 'x'.repeat(400) }, undefined, {
      text: '',
      files: [],
      images: [],
    });
    expect(statsText(NO_STATS, use)).toBe('context ~104');
    expect(contextText({ ...use, limitTokens: 52, share: 2, level: 'over' })).toBe('context ~104/52 (200 %)');
  });
});

describe('figures', () => {
  it.each([
    [timeText(3_140), '3.1 s'],
    [sizeText(18), '18 B'],
    [sizeText(2_140), '2.1 kB'],
    [sizeText(3_500_000), '3.5 MB'],
    [countText(540), '540'],
    [countText(78_541), '78.5k'],
    [plural(1, 'turn'), '1 turn'],
    [plural(2, 'turn'), '2 turns'],
    [agoText(59_000), 'just now'],
    [agoText(3 * 3_600_000), '3 h ago'],
    [agoText(72 * 3_600_000), '3 days ago'],
  ])('are short: %s', (text, expected) => {
    expect(text).toBe(expected);
  });
});

describe('Ctrl+C at the prompt', () => {
  it.each([
    ['clears what is typed', { wasEmpty: false, atMs: 0 }, undefined, 'cleared'],
    ['warns on an empty line', { wasEmpty: true, atMs: 0 }, undefined, 'warn'],
    ['leaves when pressed again at once', { wasEmpty: true, atMs: 1_000 }, { wasEmpty: true, atMs: 0 }, 'leave'],
    ['warns again after a while', { wasEmpty: true, atMs: 1_001 }, { wasEmpty: true, atMs: 0 }, 'warn'],
    ['warns behind one that cleared a line', { wasEmpty: true, atMs: 1 }, { wasEmpty: false, atMs: 0 }, 'warn'],
  ] as const)('%s', (_, event, before, meaning) => {
    expect(meaningOf(event, before)).toBe(meaning);
  });
});

describe('a line', () => {
  it.each([
    ['hello', { kind: 'message', text: 'hello' }],
    ['/etc/hosts is what?', { kind: 'message', text: '/etc/hosts is what?' }],
    ['//help', { kind: 'message', text: '/help' }],
    ['/ no command', { kind: 'message', text: '/ no command' }],
    ['/mdl', { kind: 'unknown', name: 'mdl', meant: 'model' }],
    ['/modle x', { kind: 'unknown', name: 'modle', meant: 'model' }],
    ['/xyzzy', { kind: 'unknown', name: 'xyzzy', meant: undefined }],
  ])('%s means what it says', (line, meaning) => {
    expect(lineMeaning(line)).toEqual(meaning);
  });

  it.each([
    ['/model qwen3', 'model', 'qwen3'],
    ['/SYSTEM you are\nterse', 'system', 'you are\nterse'],
    ['/?', 'help', ''],
    ['/bye ', 'quit', ''],
    ['/exit', 'quit', ''],
    ['/show', 'info', ''],
    ['/load x', 'model', 'x'],
    ['/regen', 'retry', ''],
  ])('%j is a command', (line, name, argument) => {
    expect(lineMeaning(line)).toMatchObject({ kind: 'command', command: { name }, argument });
  });
});

describe('words', () => {
  it.each([
    ['a "b c" \'d e\' f\\ g', ['a', 'b c', 'd e', 'f g']],
    ['  ', []],
    ['"open', ['open']],
  ])('of %s', (text, words) => {
    expect(wordsOf(text)).toEqual(words);
  });

  it.each(['plain', 'two words', 'a"b c', "it's", 'back\\slash'])('of a quoted word are the word: %s', (word) => {
    expect(wordsOf(quoted(word))).toEqual([word]);
  });

  it('end with the one that is typed', () => {
    expect(lastWord('a b')).toEqual({ word: 'b', start: 2 });
    expect(lastWord('a ')).toEqual({ word: '', start: 2 });
    expect(lastWord('a "b c')).toEqual({ word: 'b c', start: 2 });
  });
});

describe('code in an answer', () => {
  const text = 'Here:\n```py\nprint(1)\n```\nand\n~~~~ sh\n~~~\nls\n~~~~\nand\n```js\nlet a';

  it('is what stands in its fences, also in one that is open', () => {
    expect(codeFences(text)).toEqual([
      { language: 'py', code: 'print(1)\n' },
      { language: 'sh', code: '~~~\nls\n' },
      { language: 'js', code: 'let a\n' },
    ]);
  });

  it('is known to be open', () => {
    expect(openFence(text)).toBe('```js');
    expect(openFence('```js\nx\n```\n')).toBeUndefined();
    expect(openFence('`` inline ```')).toBeUndefined();
  });
});

describe('what a question waits for', () => {
  const status = (more: object) =>
    ({
      waiting_interactive: 0,
      queues_by_priority: { '5': 9, '10': 1 },
      engines: [],
      ...more,
    }) as unknown as ServerStatus;

  it('is those before it, of its priority and above', () => {
    expect(waitingText(status({}), 'm')).toBe('waiting in the queue');
    const before = status({ waiting_interactive: 1, queues_by_priority: { '10': 2, '15': 1 } });
    expect(waitingText(before, 'm')).toBe('waiting in the queue, about 3 before it');
  });

  it('is an engine that starts', () => {
    const engines = [{ name: 'e', models: ['m'], state: 'starting', last_error: null }];
    expect(waitingText(status({ engines }), 'm')).toBe('waiting for e: starting');
    expect(waitingText(status({ engines: [{ ...engines[0], state: 'ready' }] }), 'm')).toBe('waiting in the queue');
  });
});

describe('a transcript', () => {
  it('has everything that was said, and marks what was stopped', () => {
    const session = {
      ...newSession('s-abc', 'm', 0),
      conversation: {
        system: 'be terse',
        summary: undefined,
        turns: [
          {
            question: { text: 'why?', files: [{ name: 'a.txt', text: 'x' }], images: [] },
            answer: givenAnswer('Because', { reason: 'stopped' }),
          },
        ],
      },
    };
    expect(transcript(session)).toBe(
      '# why?\n\n## System\n\nbe terse\n\n## You\n\nAttached: a.txt\n\nwhy?\n\n## m [stopped]\n\nBecause\n\n',
    );
  });
});

describe('what a chat is begun with', () => {
  const server = { server: 'http://x', isServerNamed: false, apiKey: undefined };

  it('is what the flags say', () => {
    const flags = {
      option: ['temperature=0.2'],
      file: ['a'],
      image: ['b.png'],
      resume: 's-1',
      think: 'off',
      quiet: true,
    };
    expect(chatWish(flags, server)).toMatchObject({
      settings: [{ name: 'temperature', value: 0.2 }],
      files: ['a'],
      images: ['b.png'],
      session: { kind: 'named', id: 's-1' },
      think: false,
      view: { renders: true, thoughts: 'fold', tellsStats: false },
    });
    expect(chatWish({ think: 'hide', plain: true }, server)).toMatchObject({
      think: undefined,
      session: { kind: 'new' },
      view: { renders: false, thoughts: 'hide' },
    });
  });

  it('has no parameter that there is not', () => {
    expect(() => chatWish({ option: ['tempratur=1'] }, server)).toThrow('there is no parameter');
  });
});
