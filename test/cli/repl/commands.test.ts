import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { GollamaError } from '../../../src/base/errors.js';
import { COMMANDS } from '../../../src/cli/repl/command-table.js';
import { complete } from '../../../src/cli/repl/completer.js';
import { runLoop } from '../../../src/cli/repl/loop.js';
import { displayWidth } from '../../../src/cli/terminal/display-width.js';
import { endAll } from '../../support/ending.js';
import { type FakeChat, type FakeChatOptions, fakeChat, model, said } from './fake-chat.js';

afterEach(endAll);

async function typed(
  lines: readonly string[],
  prepare: (chat: FakeChat) => void = () => {},
  options: FakeChatOptions = {},
) {
  const fake = await fakeChat(options);
  prepare(fake);
  fake.lines.type(...lines);
  await runLoop(fake.repl);
  return fake;
}

describe('commands', () => {
  it('have names that no other has', () => {
    const names = COMMANDS.flatMap(({ name, aliases }) => [name, ...aliases]);
    expect(new Set(names).size).toBe(names.length);
  });

  it('are all in the help', async () => {
    const { out } = await typed(['/help']);
    for (const { name } of COMMANDS) expect(out.text).toContain(`/${name}`);
  });

  it.each([
    ['/undo', 'nothing to undo'],
    ['/undo x', '"x" is no number'],
    ['/retry', 'no question to ask again'],
    ['/continue', 'no answer that could go on'],
    ['/copy', 'no answer to copy'],
    ['/compact', 'nothing to sum up'],
    ['/model othr', 'did you mean other?'],
    ['/file none.txt', 'there is no such file'],
    ['/image a', 'a is no image'],
    ['/file --head x a', '--head takes a number of lines'],
    ['/think maybe', 'no such choice'],
    ['/render maybe', 'neither on nor off'],
    ['/set temperature hot', 'temperature must be a number'],
    ['/sessions s-nope', 'there is no session s-nope'],
    ['/save talk.md', 'nothing was said yet'],
    ['/paste', 'nothing in the clipboard'],
    ['/history nothing', 'nothing like that'],
  ])('%s says what is wrong, and the chat goes on', async (line, told) => {
    const { err, answers } = await typed([line, 'hello'], ({ place }) => place.write('a', 'x'));
    expect(err.text).toContain(told);
    expect(answers.lastTexts).toEqual(['hello']);
  });
});

describe('settings', () => {
  it('are sent with every question, and kept with the session', async () => {
    const { answers, chat, files } = await typed([
      '/set parameter temperature 0.2',
      '/set top-k 5',
      '/set top_k default',
      '/think low',
      '/set system be terse',
      'hello',
    ]);
    expect(answers.questions[0]).toMatchObject({ options: { temperature: 0.2 }, think: 'low' });
    expect(answers.questions[0]?.options).not.toHaveProperty('top_k');
    expect(answers.lastTexts).toEqual(['be terse', 'hello']);
    expect(await files.find(chat.session.id)).toMatchObject({ options: { temperature: 0.2 }, think: 'low' });
  });

  it('in the spelling of Ollama mean the same', async () => {
    const { chat } = await typed(['/set nothink', '/set verbose', '/set render off', '/think hide']);
    expect(chat.session.think).toBe(false);
    expect(chat.view).toEqual({ renders: false, thoughts: 'hide', tellsStats: true });
  });

  it('/system takes a file, shows what is set, and drops it', async () => {
    const { out, chat } = await typed(['/system @role.txt', '/system', '/system off'], ({ place }) =>
      place.write('role.txt', 'you are a pirate\n'),
    );
    expect(out.text).toBe('you are a pirate\n');
    expect(chat.conversation.system).toBeUndefined();
  });

  it('/model by its number keeps what was said', async () => {
    const { answers, out } = await typed(['hello', '/model', '2', 'and?']);
    expect(out.text).toContain('* now');
    expect(answers.questions.at(-1)).toMatchObject({ model: 'other' });
    expect(answers.lastTexts).toEqual(['hello', 'ok', 'and?']);
  });

  it('/retry asks another model', async () => {
    const { answers, chat } = await typed(['hello', '/retry other']);
    expect(answers.questions.map(({ model }) => model)).toEqual(['m', 'other']);
    expect(chat.conversation.turns).toHaveLength(1);
  });
});

describe('attachments', () => {
  it('go along with the next message alone, or not at all', async () => {
    const { answers, err } = await typed(
      ['/file --head 1 "a b.txt"', '/file', '/read c.txt', 'look', 'again'],
      ({ place }) => {
        place.write('a b.txt', 'one\ntwo\n');
        place.write('c.txt', 'sea\n');
      },
    );
    expect(err.text).toContain('attached a b.txt (its first lines, 4 B, ~1 tok)');
    expect(err.text).toContain('no longer attached: a b.txt');
    expect(answers.questions[0]?.messages[0]?.content).toBe('<file name="c.txt">\nsea\n</file>\n\nlook');
    expect(answers.lastTexts.at(-1)).toBe('again');
  });

  it('go along once, also where a file is named in the text too', async () => {
    const { answers, err } = await typed(
      ['/file --head 1 a.txt', '/file a.txt', '/file b.txt', 'look at @a.txt', 'y'],
      ({ place }) => {
        place.write('a.txt', 'one\ntwo\n');
        place.write('b.txt', 'bee\n');
      },
    );
    expect(err.text).toContain('attached a.txt');
    expect(answers.questions[0]?.messages[0]?.content).toBe(
      '<file name="b.txt">\nbee\n</file>\n\n<file name="a.txt">\none\ntwo\n</file>\n\nlook at @a.txt',
    );
  });
});

describe('sessions', () => {
  it('are listed, named, and gone on with; /clear begins another one', async () => {
    const { chat, out, err, answers } = await typed(['hello', '/title greetings', '/clear', 'new one', '/sessions']);
    expect(answers.lastTexts).toEqual(['new one']);
    expect(out.text).toMatch(/s-\w+ +just now +1 turn +m +new one {2}\* now\n s-\w+ +just now +1 turn +m +greetings/);
    const [, first = ''] = /the one before: \/sessions (s-\w+)/.exec(err.text) ?? [];
    expect(first).not.toBe(chat.session.id);
    const again = chat.files;
    expect((await again.find(first)).title).toBe('greetings');
  });

  it('are one row each, however long their titles are and whatever is in them', async () => {
    const { out } = await typed([`${'很长的标题 '.repeat(20)}\x1b[2J`, '/sessions', '/info'], ({ out: stream }) => {
      Object.assign(stream, { columns: 40 });
    });
    const rows = out.text.split('\n').filter((row) => row.includes('just now'));
    expect(rows.map(displayWidth)).toEqual([expect.toSatisfy((width: number) => width <= 40)]);
    expect(rows[0]).toMatch(/… {2}\* now$/);
    expect(out.text).not.toContain('\x1b');
  });

  it('go on with the words that were said in them', async () => {
    const fake = await typed(['hello', '/clear', 'new one']);
    const [, first = ''] = /the one before: \/sessions (s-\w+)/.exec(fake.err.text) ?? [];
    fake.lines.type(`/sessions ${first}`, 'and?');
    await runLoop(fake.repl);
    expect(fake.answers.lastTexts).toEqual(['hello', 'ok', 'and?']);
  });

  it('are written to a file, but not in the place of another', async () => {
    const { place, err } = await typed(['hello', '/save talk.md', '/save talk.md']);
    expect(readFileSync(join(place.cwd, 'talk.md'), 'utf8')).toBe('# hello\n\n## You\n\nhello\n\n## m\n\nok\n\n');
    expect(err.text).toContain('cannot write talk.md');
  });

  it('are kept without what was undone', async () => {
    const { chat, files } = await typed(['one', 'two', '/undo 5']);
    expect((await files.find(chat.session.id)).conversation.turns).toEqual([]);
  });
});

describe('Tab', () => {
  async function offered(text: string, prepare: (chat: FakeChat) => void = () => {}) {
    const fake = await fakeChat();
    prepare(fake);
    return complete(fake.repl, text, text.length);
  }

  const files = ({ place }: FakeChat) => {
    place.write('notes.md', '');
    place.write('my files/a b.txt', '');
    place.write('.hidden', '');
  };

  it.each([
    ['/mo', { candidates: ['/model '], start: 0 }],
    ['/by', { candidates: ['/bye '], start: 0 }],
    ['/model o', { candidates: ['other '], start: 7 }],
    ['/set tem', { candidates: ['temperature '], start: 5 }],
    ['/set render o', { candidates: ['on ', 'off '], start: 12 }],
    ['/think sh', { candidates: ['show '], start: 7 }],
    ['/nope x', { candidates: [], start: 6 }],
    ['hello', { candidates: [], start: 0 }],
    ['/file n', { candidates: ['notes.md '], start: 6 }],
    ['/file ', { candidates: ['my\\ files/', 'notes.md '], start: 6 }],
    ['/file my\\ files/', { candidates: ['"my files/a b.txt" '], start: 6 }],
    ['/file .h', { candidates: ['.hidden '], start: 6 }],
    ['look at @n', { candidates: ['@notes.md '], start: 8 }],
    ['look at @"my files/', { candidates: ['@"my files/a b.txt" '], start: 8 }],
    ['mail me@n', { candidates: [], start: 0 }],
  ])('behind %j offers what fits', async (text, completion) => {
    expect(await offered(text, files)).toEqual(completion);
  });

  it('offers the sessions that are kept', async () => {
    const fake = await typed(['hello']);
    const { id } = fake.chat.session;
    expect(await complete(fake.repl, '/sessions s-', 12)).toEqual({ candidates: [`${id} `], start: 10 });
  });
});

describe('/compact', () => {
  const overflow = new GollamaError('invalid_request', 'the request exceeds the available context size');

  it('sums up half of what the server refuses, as long as there is a half', async () => {
    const { answers, chat, err } = await typed(['one', 'two', 'three', '/compact', 'and?'], ({ answers: source }) =>
      source.scripts.push(said('1'), said('2'), said('3'), [overflow], said('counted')),
    );
    expect(err.text).not.toContain('error');
    expect(answers.questions.slice(3, 5).map(({ messages }) => messages.length)).toEqual([7, 3]);
    expect(answers.lastTexts).toEqual([
      'Summary of the conversation so far:\ncounted',
      'two',
      '2',
      'three',
      '3',
      'and?',
    ]);
    expect(chat.conversation.turns).toHaveLength(3);
  });

  it.each<[string, FakeChatOptions]>([
    ['the server refuses', {}],
    ['fits in', { models: [model('m', 60)] }],
  ])('changes nothing where not one turn is left that %s, and says so', async (_what, options) => {
    const { chat, err } = await typed(
      ['one', '/compact'],
      ({ answers }) => answers.scripts.push(said('1'), [overflow]),
      options,
    );
    expect(err.text).toContain('not even the first turn fits beside a summary of it');
    expect(err.text).toContain('/undo');
    expect(chat.conversation).toMatchObject({ summary: undefined, turns: [{ answer: { text: '1' } }] });
  });
});

describe('/copy', () => {
  it('needs a way to the clipboard', async () => {
    const { err } = await typed(['hello', '/copy', '/copy 2', '/copy code'], ({ answers }) =>
      answers.scripts.push(said('hi')),
    );
    expect(err.text).toContain('cannot copy: there is no clipboard program');
    expect(err.text).toContain('there are 1 answer only');
    expect(err.text).toContain('no code in the last answer');
  });
});
