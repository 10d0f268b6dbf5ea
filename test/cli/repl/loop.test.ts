import { afterEach, describe, expect, it } from 'vitest';
import { GollamaError } from '../../../src/base/errors.js';
import { runLoop } from '../../../src/cli/repl/loop.js';
import { endAll } from '../../support/ending.js';
import { type FakeChat, type FakeChatOptions, fakeChat, model, NO_STATS, said } from './fake-chat.js';

afterEach(endAll);

/** Types these lines, one after the other, and leaves. */
async function typed(
  lines: readonly string[],
  prepare: (chat: FakeChat) => void = () => {},
  options: FakeChatOptions = {},
) {
  const fake = await fakeChat(options);
  prepare(fake);
  fake.lines.type(...lines);
  const end = await runLoop(fake.repl);
  return { ...fake, end };
}

describe('a chat', () => {
  it('sends what was typed before with what is typed now, and keeps each turn', async () => {
    const { answers, files, chat, out } = await typed(['one', 'two', '']);
    expect(answers.lastTexts).toEqual(['one', 'ok', 'two']);
    expect((await files.find(chat.session.id)).conversation.turns).toHaveLength(2);
    expect(out.text).toBe('ok\nok\n');
  });

  it('asks first what it was begun with', async () => {
    const fake = await fakeChat();
    fake.lines.type('and then?');
    await runLoop(fake.repl, 'first');
    expect(fake.answers.lastTexts).toEqual(['first', 'ok', 'and then?']);
  });

  it('is left by /bye and by the end of input, and by Ctrl+C twice', async () => {
    expect((await typed(['/bye', 'not sent'])).answers.questions).toEqual([]);
    expect((await typed([])).end).toBe('left');
    const fake = await fakeChat();
    const interrupt = { kind: 'interrupt', wasEmpty: true } as const;
    const later = () => {
      fake.clock.advance(1_500);
      return interrupt;
    };
    fake.lines.results.push(interrupt, later, interrupt);
    expect(await runLoop(fake.repl)).toBe('interrupted');
    expect(fake.err.text.match(/once more leaves/g)).toHaveLength(2);
  });

  it('keeps what came before Ctrl+C, and goes on with it', async () => {
    const { chat, answers, err } = await typed(['tell me', '/continue'], ({ answers: source, lines }) => {
      source.scripts.push([{ kind: 'text', text: 'Once' }, 'hang'], said(' upon'));
      source.onHang = () => lines.interrupt();
    });
    expect(err.text).toContain('[stopped], kept in the session  (/continue, /retry, /undo)');
    expect(answers.lastTexts).toEqual(['tell me', 'Once']);
    expect(chat.conversation.turns.map(({ answer }) => answer?.text)).toEqual(['Once upon']);
  });

  it('does not wait for a server that does not answer to the second Ctrl+C', async () => {
    const fake = await fakeChat();
    fake.answers.ask = async function* () {
      yield { kind: 'text', text: 'Once' };
      fake.lines.interrupt();
      fake.lines.interrupt();
      await new Promise(() => {});
    };
    fake.lines.type('tell me');
    expect(await runLoop(fake.repl)).toBe('left');
    expect(fake.chat.conversation.turns[0]?.answer).toMatchObject({ text: 'Once', reason: 'stopped' });
  });

  it('keeps what came before a failure, and asks again on /retry', async () => {
    const failure = new GollamaError('engine_error', 'the engine broke', { hint: 'look at it' });
    const { chat, err, answers } = await typed(['one', '/retry'], ({ answers: source }) => {
      source.scripts.push([{ kind: 'text', text: 'half' }, failure], said('whole'));
    });
    expect(err.text).toContain('error: the engine broke\n  hint: look at it\n· [failed] what came of it is kept');
    expect(answers.lastTexts).toEqual(['one']);
    expect(chat.conversation.turns.map(({ answer }) => answer?.text)).toEqual(['whole']);
  });

  it('keeps the earlier answer where /retry comes to nothing', async () => {
    const { chat, files } = await typed(['one', '/retry'], ({ answers }) => {
      answers.scripts.push(said('good'), [new GollamaError('engine_error', 'broken')]);
    });
    const kept = await files.find(chat.session.id);
    for (const { conversation } of [chat, kept]) {
      expect(conversation.turns.map(({ answer }) => answer?.text)).toEqual(['good']);
    }
  });

  it('a question that failed is replaced by the next one', async () => {
    const { answers } = await typed(['one', 'two'], ({ answers: source }) => {
      source.scripts.push([new GollamaError('engine_error', 'broken')]);
    });
    expect(answers.lastTexts).toEqual(['two']);
  });

  it('says once that it cannot be saved, and goes on', async () => {
    const { err, answers } = await typed(['one', 'two', 'three'], ({ files }) => {
      files.save = () => Promise.reject(new GollamaError('configuration', 'the disk is full'));
    });
    expect(answers.questions).toHaveLength(3);
    expect(err.text.match(/the disk is full/g)).toHaveLength(1);
  });

  it('goes on as another session where another program has the session', async () => {
    const fake = await fakeChat();
    fake.lines.results.push({ kind: 'line', text: 'one' });
    await runLoop(fake.repl);
    const first = fake.chat.session.id;
    await fake.files.save(fake.chat.session);
    fake.lines.type('two');
    await runLoop(fake.repl);
    expect(fake.chat.session.id).not.toBe(first);
    expect(fake.err.text).toContain(`session ${first} was changed by another program: this chat goes on as`);
    expect((await fake.files.find(fake.chat.session.id)).conversation.turns).toHaveLength(2);
  });

  it('ends with what is under way when the program is to end', async () => {
    const end = new AbortController();
    const fake = await fakeChat({ signal: end.signal });
    fake.answers.scripts.push([{ kind: 'text', text: 'half' }, 'hang']);
    fake.answers.onHang = () => end.abort();
    fake.lines.type('tell me', 'not sent');
    await runLoop(fake.repl);
    expect(fake.answers.questions).toHaveLength(1);
    expect((await fake.files.find(fake.chat.session.id)).conversation.turns[0]?.answer?.text).toBe('half');
  });

  it('does not let a model steer the terminal', async () => {
    const { out, err } = await typed(['one'], ({ answers, out: stream }) => {
      stream.isTTY = true;
      answers.scripts.push([
        { kind: 'reasoning', text: '\x1b[2Jthought' },
        { kind: 'text', text: 'a\x1b]0;title\x07b' },
        { kind: 'end', reason: '\x1b[31mred', usage: undefined, stats: NO_STATS },
      ]);
    });
    expect(`${out.text}${err.text}`.replace(/\x1b\[(\?2026[hl]|\d*[AJm]|\d*;?\d*m)/g, '')).not.toMatch(/\x1b/);
    expect(err.text).not.toContain('\x1b');
  });
});

describe('files that a text names', () => {
  it('go along where that is wanted, and are not asked for again where it is not', async () => {
    const { answers, err } = await typed(
      ['see @a.txt and @b.txt.', 'y', 'again @a.txt', 'n', 'again @a.txt'],
      ({ place }) => place.write('a.txt', 'alpha\n'),
    );
    expect(err.text.match(/attach a\.txt \(6 B, ~2 tok\)\?/g)).toHaveLength(2);
    const [first, second, third] = answers.questions.map(({ messages }) => messages.at(-1)?.content);
    expect(first).toBe('<file name="a.txt">\nalpha\n</file>\n\nsee @a.txt and @b.txt.');
    expect([second, third]).toEqual(['again @a.txt', 'again @a.txt']);
  });

  it('and cannot go along are told; what is no file is not', async () => {
    const { answers, err } = await typed(['see @many, @bin and @nobody'], ({ place }) => {
      place.write('many/a.txt', 'alpha\n');
      place.write('bin', '\0\0');
    });
    expect(err.text).toContain('not attached: cannot read many: it is a folder');
    expect(err.text).toContain('not attached: bin is neither text nor an image');
    expect(err.text).not.toContain('nobody');
    expect(err.text).not.toContain('attach many');
    expect(err.text).not.toContain('?');
    expect(answers.lastTexts).toEqual(['see @many, @bin and @nobody']);
  });

  it('bring the text back to be edited where the question is given up', async () => {
    const fake = await fakeChat();
    fake.place.write('a.txt', 'alpha\n');
    fake.lines.results.push({ kind: 'line', text: 'see @a.txt' }, { kind: 'interrupt', wasEmpty: true });
    await runLoop(fake.repl);
    expect(fake.lines.options.at(-1)).toMatchObject({ prefill: 'see @a.txt' });
    expect(fake.answers.questions).toEqual([]);
  });
});

describe('a full context', () => {
  const small = { models: [model('m', 100), model('big', 10_000)] };
  const middle = { models: [model('m', 1000)] };
  const large = (text: string) => text.padEnd(1000, ' .');

  it('is warned of from 80 % on', async () => {
    const { err } = await typed(
      ['one', 'two'],
      ({ answers }) => answers.scripts.push(said('ok', 300, 10), said('ok', 799, 1)),
      middle,
    );
    expect(err.text).toContain('the context is 80 % full: /compact or /undo makes room');
  });

  it('is not said to get room by what cannot be done', async () => {
    const { err } = await typed(['one'], ({ answers }) => answers.scripts.push(said('ok', 799, 1)), middle);
    expect(err.text).toContain('the context is 80 % full: /undo makes room');
  });

  it('that nothing said before is to blame for gets none from it', async () => {
    const { err } = await typed(['one', 'x'.repeat(500), ''], undefined, small);
    expect(err.text).toContain('it does not fit');
    expect(err.text).not.toMatch(/^ +(compact|undo|oldest) /m);
    expect(err.text).toMatch(/^ +model NAME /m);
  });

  it('is never sent to: what was typed comes back where nothing is chosen', async () => {
    const long = 'x'.repeat(500);
    const { answers, err, lines } = await typed([long, ''], undefined, small);
    expect(answers.questions).toEqual([]);
    expect(err.text).toContain('it does not fit: ~129 of 100 tokens; nothing was sent');
    expect(err.text).not.toContain('compact');
    expect(lines.options.at(-1)).toMatchObject({ prefill: long });
  });

  it.each([
    ['oldest', 'dropped the oldest 1 turn: "first"', ['second', 'b', 'third', 'c', 'now']],
    ['undo', 'dropped the last turn: "third"', ['first', 'a', 'second', 'b', 'now']],
    ['model big', 'big answers from now on', ['first', 'a', 'second', 'b', 'third', 'c', 'now']],
    ['send', 'send it as it is', ['first', 'a', 'second', 'b', 'third', 'c', 'now']],
  ])('gets room by %s', async (choice, told, sent) => {
    const big = (text: string) => `${text}${' '.repeat(100)}`;
    const { answers, err } = await typed(
      ['first', 'second', 'third', big('now'), choice],
      ({ answers: source }) => source.scripts.push(said('a'), said('b'), said('c', 89, 1)),
      small,
    );
    expect(err.text).toContain(told);
    expect(answers.lastTexts.map((text) => text.trim())).toEqual(sent);
  });

  it('is asked about before a smaller model gets the question again', async () => {
    const models = [model('m', 10_000), model('small', 20)];
    const { answers, chat } = await typed(['x'.repeat(200), '/retry small', ''], undefined, { models });
    expect(answers.questions).toHaveLength(1);
    expect(chat.conversation.turns.map(({ answer }) => answer?.text)).toEqual(['ok']);
  });

  it('gets room by a summary', async () => {
    const { answers, chat } = await typed(
      ['first', large('now').repeat(2), 'compact'],
      ({ answers: source }) => source.scripts.push(said('a', 590, 10), said('it was short')),
      middle,
    );
    expect(answers.lastTexts).toEqual(['Summary of the conversation so far:\nit was short', large('now').repeat(2)]);
    expect(chat.conversation.turns).toHaveLength(1);
  });

  it('gets room by a summary of as much as the model can read, and the rest stays', async () => {
    const { answers, err } = await typed(
      ['first', 'second', 'third', large('now'), 'compact'],
      ({ answers: source }) =>
        source.scripts.push(said('a', 290, 10), said('b', 590, 10), said('c', 990, 10), said('it was short')),
      middle,
    );
    expect(err.text).toContain('compact    a summary in place of the oldest 2 turns');
    expect(answers.questions.at(-2)?.messages.map(({ content }) => content.slice(0, 9))).toEqual([
      'first',
      'a',
      'second',
      'b',
      'Summarise',
    ]);
    expect(err.text).toContain('the oldest 2 turns became a summary of ~3 tokens, the last 1 turn stayed');
    const summary = 'Summary of the conversation so far:\nit was short';
    expect(answers.lastTexts).toEqual([summary, 'third', 'c', large('now')]);
  });

  it('that only the server knows of is told the same way, and nothing is lost', async () => {
    const overflow = new GollamaError(
      'invalid_request',
      'request (9 tokens) exceeds the available context size (5 tokens)',
    );
    const { answers, err } = await typed(['first', 'now', 'oldest'], ({ answers: source }) =>
      source.scripts.push(said('a'), [overflow], said('fine')),
    );
    expect(err.text).toContain('the server refused it');
    expect(err.text).not.toContain('nothing was sent');
    expect(err.text).toContain('dropped the oldest 1 turn: "first"');
    expect(answers.lastTexts).toEqual(['now']);
  });
});
