import { afterEach, describe, expect, it } from 'vitest';
import { createLineReader, type LineReader } from '../../../src/cli/terminal/line-reader.js';
import { endAll } from '../../support/ending.js';
import { FakeTerminal } from '../../support/fake-terminal.js';

afterEach(endAll);

async function begin() {
  const terminal = new FakeTerminal();
  const past: string[] = [];
  const history = { entries: () => past, add: (text: string) => void past.push(text) };
  const reader: LineReader = await createLineReader(terminal.options({ history }), { TERM: 'dumb' });
  reader.start();
  return { terminal, past, reader };
}

const said = (text: string) => ({ kind: 'line', text });

describe('on a terminal without cursor codes', () => {
  it('a line is what the terminal gives, and nothing but text is written', async () => {
    const { terminal, past, reader } = await begin();
    const line = reader.read('> ');
    terminal.type('h\u00e9llo');
    terminal.type('\r\nnext\n');
    expect(await line).toEqual(said('h\u00e9llo'));
    expect(await reader.read('> ')).toEqual(said('next'));
    expect([terminal.written, terminal.input.isRaw, past]).toEqual(['> > ', false, ['h\u00e9llo', 'next']]);
  });

  it('a text goes on over several lines', async () => {
    const { terminal, reader } = await begin();
    const line = reader.read('> ', { continuation: '. ' });
    terminal.type('"""a\nb\\\n"""\n');
    expect(await line).toEqual(said('a\nb\\'));
    terminal.type('c\\\nd\n');
    expect(await reader.read('> ')).toEqual(said('c\nd'));
  });

  it('an empty line takes the text that was put there', async () => {
    const { terminal, reader } = await begin();
    const line = reader.read('> ', { prefill: 'edited' });
    terminal.type('\n');
    expect([await line, terminal.written]).toEqual([said('edited'), '> edited']);
  });

  it('Ctrl+C ends the line, stops the answer, or is told by the next line', async () => {
    const { terminal, reader } = await begin();
    const line = reader.read('> ');
    terminal.type('"""\n');
    terminal.process.emit('SIGINT');
    expect(await line).toEqual({ kind: 'interrupt', wasEmpty: false });
    let interrupts = 0;
    const off = reader.onInterrupt(() => interrupts++);
    terminal.process.emit('SIGINT');
    off();
    terminal.process.emit('SIGINT');
    expect(interrupts).toBe(1);
    expect(await reader.read('> ')).toEqual({ kind: 'interrupt', wasEmpty: true });
  });

  it('the end of the input ends the line, with what stands before it', async () => {
    const { terminal, reader } = await begin();
    const line = reader.read('> ');
    terminal.type('last');
    terminal.input.emit('end');
    expect(await line).toEqual(said('last'));
    expect(await reader.read('> ')).toEqual({ kind: 'end' });
  });

  it('the wait ends with the signal and with the reader, which leaves nothing behind', async () => {
    const { terminal, reader } = await begin();
    const controller = new AbortController();
    const line = reader.read('> ', { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(line).rejects.toThrow('enough');
    const second = reader.read('> ');
    reader.stop();
    reader.stop();
    expect(await second).toEqual({ kind: 'end' });
    for (const emitter of [terminal.input, terminal.process]) expect(emitter.eventNames()).toEqual([]);
  });
});
