import { afterEach, describe, expect, it } from 'vitest';
import type { LineHistory, ReadOptions } from '../../../src/cli/terminal/line-reader.js';
import { endAll } from '../../support/ending.js';
import { FakeTerminal } from '../../support/fake-terminal.js';
import { settled } from '../../support/manual-clock.js';

afterEach(endAll);

const UP = '\x1b[A';
const DOWN = '\x1b[B';
const CTRL_C = '\x03';
const CTRL_R = '\x12';

function history(...entries: string[]): LineHistory & { readonly all: string[] } {
  return { all: entries, entries: () => [...entries], add: (text) => void entries.push(text) };
}

function reading(options: ReadOptions = {}, past?: LineHistory) {
  const terminal = new FakeTerminal();
  const editor = terminal.editor({ history: past });
  return { terminal, editor, line: editor.read('> ', options) };
}

const said = (text: string) => ({ kind: 'line', text });

describe('a line', () => {
  it('is what was typed, and stays on the screen', async () => {
    const { terminal, line } = reading();
    expect(terminal.screen.shown).toEqual(['>']);
    for (const key of ['h', 'i', ' ', '你', '\x7f', '!']) terminal.type(key);
    expect(terminal.screen.shown).toEqual(['> hi !']);
    terminal.type('\r');
    expect(await line).toEqual(said('hi !'));
    expect(terminal.screen.cursor).toEqual({ row: 1, column: 0 });
  });

  it('of characters that a read cut in two is whole', async () => {
    const { terminal, line } = reading();
    const bytes = Buffer.from('é你👍\r');
    for (const byte of bytes) terminal.input.emit('data', Buffer.from([byte]));
    expect(await line).toEqual(said('é你👍'));
  });

  it('begins with what is put there, to be edited', async () => {
    const { terminal, line } = reading({ prefill: 'old text' });
    terminal.type('\x17new\r');
    expect(await line).toEqual(said('old new'));
  });

  it('has several lines by three quotes, a backslash, Alt+Enter and Ctrl+J', async () => {
    const { terminal, editor, line } = reading();
    terminal.type('"""\ra\r"""\r');
    expect(await line).toEqual(said('a'));
    expect(terminal.screen.shown).toEqual(['> """', '… a', '… """']);
    const second = editor.read('> ');
    terminal.type('a\\\rb\x1b\rc\nd\r');
    expect(await second).toEqual(said('a\nb\nc\nd'));
  });

  it('in three quotes is broken where the cursor is', async () => {
    const { terminal, line } = reading();
    terminal.type('"""ab\x1b[D\r');
    expect(terminal.screen.shown).toEqual(['> """a', '… b']);
    terminal.type('\x1b[F"""\r');
    expect(await line).toEqual(said('a\nb'));
  });

  it('takes a pasted text with its line breaks and without its keys', async () => {
    const { terminal, line } = reading();
    terminal.type('see \x1b[200~a\r\n\tb\r\nc\x1b[201~');
    expect(terminal.screen.shown).toEqual(['> see a', '…     b', '… c']);
    terminal.type('\r');
    expect(await line).toEqual(said('see a\n\tb\nc'));
  });

  it('takes a megabyte, shows a label for it and draws little', async () => {
    const { terminal, line } = reading();
    const pasted = 'some words in a line\n'.repeat(50_000);
    terminal.type('\x1b[200~');
    for (let at = 0; at < pasted.length; at += 65_536) terminal.type(pasted.slice(at, at + 65_536));
    terminal.type('\x1b[201~ what is that?');
    expect(terminal.screen.shown.join('')).toBe('> [1: 1,050,000 characters, 50,001 lines] what is that?');
    expect(terminal.written.length).toBeLessThan(2_000);
    terminal.type('\r');
    expect(await line).toEqual(said(`${pasted} what is that?`));
  });

  it('takes back what was done last', async () => {
    const { terminal, line } = reading();
    terminal.type('one two\x17\x1f\r');
    expect(await line).toEqual(said('one two'));
  });

  it('is drawn once for all that one read brings', () => {
    const { terminal } = reading();
    terminal.written = '';
    terminal.type('a'.repeat(30));
    expect(terminal.written).toBe('a'.repeat(30));
  });

  it('is drawn anew on a clear screen with Ctrl+L', () => {
    const { terminal, editor } = reading();
    editor.tell('above\n');
    terminal.type('ab\x0c');
    expect(terminal.screen.shown).toEqual(['> ab']);
  });

  it('makes room for what is told above it', () => {
    const { terminal, editor } = reading();
    terminal.type('a\nb');
    editor.tell('news\nmore\n');
    expect(terminal.screen.shown).toEqual(['news', 'more', '> a', '… b']);
  });
});

describe('Escape', () => {
  it('alone is known after a moment', async () => {
    const { terminal, line } = reading({}, history('old'));
    terminal.type(`${CTRL_R}ol\x1b`);
    expect(terminal.screen.shown).toHaveLength(2);
    terminal.clock.advance(60);
    expect(terminal.screen.shown).toEqual(['> old']);
    terminal.type('!\r');
    expect(await line).toEqual(said('old!'));
  });

  it('is the beginning of a sequence where the rest comes in time', async () => {
    const { terminal, line } = reading();
    terminal.type('ac\x1b');
    terminal.type('[Db\r');
    terminal.clock.advance(60);
    expect(await line).toEqual(said('abc'));
  });
});

describe('the end of a line', () => {
  it('by Ctrl+C tells whether something was taken away', async () => {
    const { terminal, editor, line } = reading();
    terminal.type(`half${CTRL_C}`);
    expect(await line).toEqual({ kind: 'interrupt', wasEmpty: false });
    expect(terminal.screen.shown).toEqual(['> half^C']);
    const second = editor.read('> ');
    terminal.type(CTRL_C);
    expect(await second).toEqual({ kind: 'interrupt', wasEmpty: true });
  });

  it('by Ctrl+D is one on an empty line only', async () => {
    const { terminal, line } = reading();
    terminal.type('ab\x1b[D\x04');
    expect(terminal.screen.shown).toEqual(['> a']);
    terminal.type('\x7f\x04');
    expect(await line).toEqual({ kind: 'end' });
  });

  it('by Ctrl+G gives the whole text to be edited elsewhere', async () => {
    const { terminal, line } = reading();
    const pasted = 'x\n'.repeat(3_000);
    terminal.type(`see \x1b[200~${pasted}\x1b[201~\x07`);
    expect(await line).toEqual({ kind: 'edit', text: `see ${pasted}` });
  });

  it('comes with the end of the input, also for every line after it', async () => {
    const { terminal, editor, line } = reading();
    terminal.input.emit('end');
    expect(await line).toEqual({ kind: 'end' });
    expect(await editor.read('> ')).toEqual({ kind: 'end' });
  });

  it('comes with the signal', async () => {
    const controller = new AbortController();
    const { terminal, editor, line } = reading({ signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(line).rejects.toThrow('enough');
    await expect(editor.read('> ', { signal: controller.signal })).rejects.toThrow('enough');
    const next = editor.read('> ');
    terminal.type('a\r');
    expect(await next).toEqual(said('a'));
  });

  it('comes when the editor is stopped', async () => {
    const { editor, line } = reading();
    editor.stop();
    expect(await line).toEqual({ kind: 'end' });
    expect(() => editor.read('> ')).toThrow(/not started/);
  });

  it('is waited for by one at a time', () => {
    const { editor } = reading();
    expect(() => editor.read('> ')).toThrow(/read already/);
  });
});

describe('while nothing is read', () => {
  it('Ctrl+C is told to whoever listens, and what is typed waits unseen for the next line', async () => {
    const terminal = new FakeTerminal();
    const editor = terminal.editor();
    let interrupts = 0;
    const off = editor.onInterrupt(() => interrupts++);
    terminal.type('next');
    terminal.type(CTRL_C);
    terminal.type(' question\rand more');
    expect([interrupts, terminal.screen.shown]).toEqual([1, []]);
    off();
    expect(await editor.read('> ')).toEqual(said('next question'));
    const more = editor.read('> ');
    expect(terminal.screen.shown).toEqual(['> next question', '> and more']);
    terminal.type('\r');
    expect(await more).toEqual(said('and more'));
  });

  it('Ctrl+C that nobody listens to is told by the next line', async () => {
    const terminal = new FakeTerminal();
    const editor = terminal.editor();
    terminal.type(CTRL_C);
    expect(await editor.read('> ')).toEqual({ kind: 'interrupt', wasEmpty: true });
  });

  it('a signal is a Ctrl+C', async () => {
    const { terminal, line } = reading();
    terminal.type('half');
    terminal.process.emit('SIGINT');
    expect(await line).toEqual({ kind: 'interrupt', wasEmpty: false });
  });

  it('what is typed is dropped for a question that wants a fresh answer', async () => {
    const terminal = new FakeTerminal();
    const editor = terminal.editor();
    terminal.type('y\r');
    const answer = editor.read('really? ', { isFresh: true });
    terminal.type('n\r');
    expect(await answer).toEqual(said('n'));
  });

  it('more than 16 Mi characters are lost, with a bell', async () => {
    const terminal = new FakeTerminal();
    const editor = terminal.editor();
    const paste = `\x1b[200~${'x'.repeat(10 * 2 ** 20)}\x1b[201~`;
    terminal.type(paste);
    expect(terminal.screen.bells).toBe(0);
    terminal.type(paste);
    expect(terminal.screen.bells).toBe(1);
    const line = editor.read('> ');
    terminal.type('\r');
    const result = await line;
    expect(result.kind === 'line' && result.text.length).toBe(10 * 2 ** 20);
  });
});

describe('the history', () => {
  it('is walked through by the arrows, and what was typed is still at its end', async () => {
    const past = history('first', 'second\nwith a line');
    const { terminal, line } = reading({}, past);
    terminal.type(`draft${UP}`);
    expect(terminal.screen.shown).toEqual(['> second', '… with a line']);
    terminal.type(UP);
    expect(terminal.screen.cursor).toMatchObject({ row: 0 });
    terminal.type(UP);
    expect(terminal.screen.shown).toEqual(['> first']);
    terminal.type(`${UP}${DOWN}${DOWN}${DOWN}`);
    expect(terminal.screen.shown).toEqual(['> draft']);
    terminal.type('\r');
    expect(await line).toEqual(said('draft'));
    expect(past.all.at(-1)).toBe('draft');
  });

  it('takes no empty line and none that is not to be remembered', async () => {
    const past = history();
    const { terminal, editor, line } = reading({ remember: false }, past);
    terminal.type('secret\r');
    await line;
    const second = editor.read('> ');
    terminal.type('  \r');
    await second;
    expect(past.all).toEqual([]);
  });

  it('is searched with Ctrl+R', async () => {
    const { terminal, line } = reading({}, history('git diff', 'other', 'git log'));
    terminal.type(`typed${CTRL_R}git`);
    expect(terminal.screen.shown[0]).toBe('> git log');
    expect(terminal.screen.shown[1]).toMatch(/^in the history: git_/);
    terminal.type(CTRL_R);
    expect(terminal.screen.shown[0]).toBe('> git diff');
    terminal.type('x');
    expect(terminal.screen.shown).toEqual(['>', expect.stringMatching(/^not in the history: gitx_/)]);
    terminal.type('\x7f');
    terminal.type(CTRL_C);
    expect(terminal.screen.shown).toEqual(['> typed']);
    terminal.type(`${CTRL_R}diff\r`);
    expect(await line).toEqual(said('git diff'));
    expect(terminal.screen.shown).toEqual(['> git diff']);
  });
});

describe('Tab', () => {
  const completer = (text: string, cursor: number) => {
    const start = text.lastIndexOf(' ', cursor - 1) + 1;
    const all = ['/model ', '/mode ', '/system ', '/文件 '];
    return { start, candidates: all.filter((candidate) => candidate.startsWith(text.slice(start, cursor))) };
  };

  it('puts in what is certain, shows the choice, and takes it away with the next key', async () => {
    const { terminal, line } = reading({ completer });
    terminal.type('/m\t');
    expect(terminal.screen.shown).toEqual(['> /mode']);
    terminal.type('\t');
    expect(terminal.screen.shown).toEqual(['> /mode', '/model  /mode']);
    expect(terminal.screen.cursor).toEqual({ row: 0, column: 7 });
    terminal.type('l\t');
    expect(terminal.screen.shown).toEqual(['> /model']);
    terminal.type('x /s\t\r');
    expect(await line).toEqual(said('/model x /system '));
  });

  it('without a candidate changes nothing', async () => {
    const { terminal, line } = reading({ completer });
    terminal.type('zzz\t\r');
    expect(await line).toEqual(said('zzz'));
  });

  it('that has to ask somebody is answered later, unless the line is another by then', async () => {
    const answers: ((value: { candidates: string[]; start: number }) => void)[] = [];
    const slow = () => new Promise<{ candidates: string[]; start: number }>((resolve) => answers.push(resolve));
    const { terminal, line } = reading({ completer: slow });
    terminal.type('a\t');
    answers[0]?.({ candidates: ['abc'], start: 0 });
    await settled();
    expect(terminal.screen.shown).toEqual(['> abc']);
    terminal.type('\t');
    terminal.type('d');
    answers[1]?.({ candidates: ['xyz'], start: 0 });
    await settled();
    terminal.type('\r');
    expect(await line).toEqual(said('abcd'));
  });
});

describe('the window', () => {
  it.each(['reflow', 'cut'] as const)('may change its size: nothing above the line is eaten (%s)', async (how) => {
    const { terminal, editor, line } = reading();
    editor.tell('an answer above\nand its last line\n');
    terminal.type('some words that take more than one row of it\nsecond');
    for (const [columns, rows] of [
      [20, 10],
      [60, 6],
      [33, 24],
      [80, 24],
    ] as const) {
      terminal.resize(columns, rows, how);
      const shown = terminal.screen.everything;
      expect(shown.join('').replaceAll(' ', '')).toContain('ananswerabove');
      expect(shown.join('').replaceAll(' ', '')).toContain('anditslastline');
      expect(shown.at(-1)).toBe('… second');
    }
    terminal.type('\r');
    expect(await line).toEqual(said('some words that take more than one row of it\nsecond'));
  });

  it('that was widened shows the line once', () => {
    const { terminal } = reading();
    terminal.type('some words that take more than one row of it');
    terminal.resize(80, 10, 'reflow');
    expect(terminal.screen.shown).toEqual(['> some words that take more than one row of it']);
  });
});

describe('the terminal', () => {
  it('is taken by start and given back by stop, however often', async () => {
    const terminal = new FakeTerminal();
    const editor = terminal.editor();
    editor.start();
    expect([terminal.input.isRaw, terminal.input.isReading, terminal.screen.modes.has('2004')]).toEqual([
      true,
      true,
      true,
    ]);
    editor.stop();
    editor.stop();
    expect([terminal.input.isRaw, terminal.input.isReading, terminal.screen.modes.has('2004')]).toEqual([
      false,
      false,
      false,
    ]);
    for (const emitter of [terminal.input, terminal.output, terminal.process]) expect(emitter.eventNames()).toEqual([]);
  });

  it('is given back when the program exits', () => {
    const terminal = new FakeTerminal();
    terminal.editor();
    terminal.process.emit('exit', 1);
    expect([terminal.input.isRaw, terminal.screen.modes.has('2004')]).toEqual([false, false]);
  });

  it.each(['SIGTERM', 'SIGHUP', 'SIGQUIT'])('is given back before %s ends the program', (signal) => {
    const terminal = new FakeTerminal();
    terminal.editor();
    terminal.process.emit(signal, signal);
    expect([terminal.input.isRaw, terminal.sent]).toEqual([false, [`42 ${signal}`]]);
  });

  it('is given back at a signal that others handle, and the end is theirs', () => {
    const terminal = new FakeTerminal();
    terminal.editor();
    terminal.process.on('SIGTERM', () => {});
    terminal.process.emit('SIGTERM', 'SIGTERM');
    expect([terminal.input.isRaw, terminal.sent]).toEqual([false, []]);
  });

  it('is lent to another program and taken back', async () => {
    const terminal = new FakeTerminal();
    const editor = terminal.editor();
    editor.suspend();
    editor.suspend();
    expect([terminal.input.isRaw, terminal.input.isReading]).toEqual([false, false]);
    terminal.process.emit('SIGCONT');
    expect(terminal.input.isRaw).toBe(false);
    editor.resume();
    const line = editor.read('> ');
    terminal.type('a\r');
    expect(await line).toEqual(said('a'));
  });

  it('while it is lent, leaves Ctrl+C to whoever has it', async () => {
    const terminal = new FakeTerminal();
    const editor = terminal.editor();
    editor.suspend();
    terminal.process.emit('SIGINT');
    editor.resume();
    const line = editor.read('> ', { prefill: 'edited' });
    terminal.type('\r');
    expect(await line).toEqual(said('edited'));
  });

  it('is given back while the program is stopped by Ctrl+Z, and the line is there again afterwards', async () => {
    const { terminal, line } = reading();
    terminal.type('half\x1a');
    expect([terminal.input.isRaw, terminal.screen.modes.has('2004'), terminal.sent]).toEqual([
      false,
      false,
      ['0 SIGTSTP'],
    ]);
    terminal.screen.write('$ fg\r\n');
    terminal.process.emit('SIGCONT');
    expect([terminal.input.isRaw, terminal.screen.modes.has('2004')]).toEqual([true, true]);
    expect(terminal.screen.shown).toEqual(['> half', '$ fg', '> half']);
    terminal.type('!\r');
    expect(await line).toEqual(said('half!'));
    expect(terminal.clock.timers).toBe(0);
  });

  it('is taken once where the timer is due before the signal is told', () => {
    const { terminal } = reading();
    terminal.type('half\x1a');
    terminal.screen.write('$ fg\r\n');
    terminal.clock.advance(100);
    terminal.process.emit('SIGCONT');
    terminal.clock.advance(1_000);
    expect(terminal.screen.shown).toEqual(['> half', '$ fg', '> half']);
  });

  it('is taken again where the program could not be stopped', () => {
    const { terminal } = reading();
    terminal.type('\x1a');
    terminal.clock.advance(200);
    expect(terminal.input.isRaw).toBe(true);
  });

  it('is set anew, and the caller told, when others have stopped the program', () => {
    const terminal = new FakeTerminal();
    let continued = 0;
    terminal.editor({ onContinued: () => continued++ });
    terminal.input.isRaw = false;
    terminal.process.emit('SIGCONT');
    expect([terminal.input.isRaw, continued]).toEqual([true, 1]);
  });
});
