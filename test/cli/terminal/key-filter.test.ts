import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/base/random.js';
import { KeyFilter, type TerminalInput } from '../../../src/cli/terminal/key-filter.js';

const key = (name: string): TerminalInput => ({ kind: 'key', name });
const typed = (text: string): TerminalInput => ({ kind: 'text', text });
const paste = (text: string): TerminalInput => ({ kind: 'paste', text, isCut: false });

function all(...chunks: string[]): TerminalInput[] {
  const filter = new KeyFilter();
  return [...chunks.flatMap((chunk) => filter.feed(chunk)), ...filter.flush()];
}

/** Text that came in several reads as if it had come in one. */
function joined(inputs: readonly TerminalInput[]): TerminalInput[] {
  const whole: TerminalInput[] = [];
  for (const input of inputs) {
    const last = whole.at(-1);
    if (input.kind === 'text' && last?.kind === 'text') whole[whole.length - 1] = typed(last.text + input.text);
    else whole.push(input);
  }
  return whole;
}

describe('what a terminal sends', () => {
  it.each([
    ['\r', 'enter'],
    ['\n', 'ctrl+j'],
    ['\t', 'tab'],
    ['\x7f', 'backspace'],
    ['\b', 'backspace'],
    ['\x00', 'ctrl+space'],
    ['\x03', 'ctrl+c'],
    ['\x1a', 'ctrl+z'],
    ['\x1f', 'ctrl+_'],
    ['\x1b', 'escape'],
    ['\x1b\r', 'alt+enter'],
    ['\x1b\n', 'alt+enter'],
    ['\x1b\x7f', 'alt+backspace'],
    ['\x1bB', 'alt+b'],
    ['\x1bé', 'alt+é'],
    ['\x1b[', 'alt+['],
    ['\x1bO', 'alt+o'],
    ['\x1b[A', 'up'],
    ['\x1bOA', 'up'],
    ['\x1b[1;5C', 'ctrl+right'],
    ['\x1bOc', 'ctrl+right'],
    ['\x1b[1;4D', 'alt+shift+left'],
    ['\x1b[3~', 'delete'],
    ['\x1b[3;5~', 'ctrl+delete'],
    ['\x1b[1~', 'home'],
    ['\x1b[7~', 'home'],
    ['\x1b[H', 'home'],
    ['\x1bOF', 'end'],
    ['\x1b[Z', 'shift+tab'],
    ['\x1b[27;2;13~', 'shift+enter'],
    ['\x1b[13;2u', 'shift+enter'],
    ['\x1b[99;5u', 'ctrl+c'],
    ['\x1b[27u', 'escape'],
  ])('%j is the key %s', (sent, name) => {
    expect(all(sent)).toEqual([key(name)]);
  });

  it('that nobody asked for is dropped, and what follows is not', () => {
    expect(all('\x1b[I\x1b[O\x1b[?1;2c\x1b[[A\x1b[201~\x9b\x1b[57399ux')).toEqual([typed('x')]);
  });

  it('that looks like a sequence and is none does not swallow what follows', () => {
    expect(all('\x1b[12\rq')).toEqual([typed('12'), key('enter'), typed('q')]);
    expect(all(`\x1b[${'1'.repeat(200)}`, 'x')).toEqual(expect.arrayContaining([typed('x')]));
  });

  it('is text where it has no controls, in one piece', () => {
    expect(all('你好 wörld👍🏽')).toEqual([typed('你好 wörld👍🏽')]);
  });

  it('is an Escape and a key where an Escape comes before a sequence', () => {
    expect(all('\x1b\x1b[A')).toEqual([key('escape'), key('up')]);
  });

  it('is a paste between its marks, with one kind of line end, and keys inside it are text', () => {
    expect(all('a\x1b[200~b\r\nc\rd\n\x1b[A\x03\x1b[201~e')).toEqual([
      typed('a'),
      paste('b\nc\nd\n\x1b[A\x03'),
      typed('e'),
    ]);
    expect(all('\x1b[200~\x1b[201~')).toEqual([paste('')]);
  });

  it('is the same however reads cut it', () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const random = seededRandom(seed);
    const sent = 'ab\x1b[1;5C\x1b[200~你\r\nb\x1b[20\x1b[2\x1b[201~\x1bx\x1bOH\x1b[3~c\x1b[13;2u\r\x1b[A';
    const whole = all(sent);
    for (let round = 0; round < 300; round++) {
      const chunks: string[] = [];
      for (let at = 0; at < sent.length; ) {
        const length = 1 + Math.floor(random() * 5);
        chunks.push(sent.slice(at, at + length));
        at += length;
      }
      expect(joined(all(...chunks)), `seed ${seed}, ${JSON.stringify(chunks)}`).toEqual(whole);
    }
  });
});

describe('an Escape at the end of a read', () => {
  it('waits for what follows, and is the key where nothing does', () => {
    const filter = new KeyFilter();
    expect(filter.feed('\x1b')).toEqual([]);
    expect(filter.isWaiting).toBe(true);
    expect(filter.feed('[A')).toEqual([key('up')]);
    expect(filter.isWaiting).toBe(false);
    filter.feed('\x1b');
    expect(filter.flush()).toEqual([key('escape')]);
    expect(filter.flush()).toEqual([]);
  });

  it('is no key inside a paste, however long the paste takes', () => {
    const filter = new KeyFilter();
    filter.feed('\x1b[200~a\x1b');
    expect(filter.isWaiting).toBe(false);
    expect(filter.flush()).toEqual([]);
    expect(filter.feed('b\x1b[201~')).toEqual([paste('a\x1bb')]);
  });
});

describe('a paste', () => {
  it('of a megabyte in small reads is joined once', () => {
    const filter = new KeyFilter();
    const piece = 'x'.repeat(1_000);
    filter.feed('\x1b[200~');
    for (let piecesFed = 0; piecesFed < 1_000; piecesFed++) expect(filter.feed(piece)).toEqual([]);
    const [pasted] = filter.feed('\x1b[201~');
    expect(pasted?.kind === 'paste' && pasted.text.length).toBe(1_000_000);
  });

  it('is cut at 16 Mi characters and says so', () => {
    const filter = new KeyFilter();
    const piece = 'x'.repeat(2 ** 20);
    filter.feed('\x1b[200~');
    for (let piecesFed = 0; piecesFed < 17; piecesFed++) filter.feed(piece);
    const [pasted] = filter.feed('\x1b[201~');
    expect(pasted).toMatchObject({ kind: 'paste', isCut: true });
    expect(pasted?.kind === 'paste' && pasted.text.length).toBe(2 ** 24);
  });
});
