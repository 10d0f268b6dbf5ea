import { describe, expect, it } from 'vitest';
import type { AnswerEvent } from '../../../src/chat/answer.js';
import { ShownAnswer } from '../../../src/cli/repl/answer-view.js';
import type { ThoughtView } from '../../../src/cli/repl/chat.js';
import { PipedAnswer } from '../../../src/cli/repl/piped-answer.js';
import { Screen } from '../../../src/cli/repl/screen.js';
import { ManualClock } from '../../support/manual-clock.js';
import { TerminalScreen } from '../../support/terminal-screen.js';
import { FakeStream, NO_STATS } from './fake-chat.js';

const END: AnswerEvent = { kind: 'end', reason: 'stop', usage: undefined, stats: NO_STATS };
const text = (told: string): AnswerEvent => ({ kind: 'text', text: told });
const reasoning = (told: string): AnswerEvent => ({ kind: 'reasoning', text: told });

/** One terminal for answers and notes. */
class FakeTerminal extends FakeStream {
  override isTTY = true;
  readonly columns = 60;
  readonly rows = 20;
  readonly screen = new TerminalScreen(60, 20);

  override write(written: string): boolean {
    // As the driver of a terminal does it.
    this.screen.write(written.replace(/\r?\n/g, '\r\n'));
    return super.write(written);
  }
}

async function shown(thoughts: ThoughtView, events: readonly (AnswerEvent | 'moved' | 'later')[], env = {}) {
  const terminal = new FakeTerminal();
  const clock = new ManualClock();
  const screen = new Screen({ out: terminal, err: terminal, env, clock });
  const view = new ShownAnswer({ screen, clock, view: { renders: true, thoughts }, newView: await screen.answers() });
  for (const event of events) {
    if (event === 'later') clock.advance(250);
    else if (event === 'moved') {
      terminal.write('$ fg\r\n');
      view.moved();
    } else view.take(event);
  }
  view.close();
  expect(terminal.listenerCount('resize')).toBe(0);
  return terminal.screen.everything;
}

describe('an answer at a terminal', () => {
  const thinking = [{ kind: 'waiting' }, { kind: 'started' }, reasoning('let me '), 'later', reasoning('see')] as const;

  it('has its reasoning folded to one line', async () => {
    expect(await shown('fold', [...thinking, text('**42**'), END])).toEqual([
      '· thought 250 ms, ~3 tokens  (/think show)',
      '42',
    ]);
  });

  it('has its reasoning whole where that is wanted', async () => {
    expect(await shown('show', [...thinking, text('42'), END])).toEqual([
      'let me see',
      '· thought 250 ms, ~3 tokens',
      '42',
    ]);
  });

  it('has its reasoning in rows of whole words', async () => {
    const words = Array.from({ length: 30 }, (_, at) => `thought${at} `);
    const rows = await shown('show', [...words.map(reasoning), reasoning('\n\nso 四十二'), text('42'), END]);
    const reasoned = rows.slice(
      0,
      rows.findIndex((row) => row.startsWith('· thought')),
    );
    expect(reasoned.join(' ').replace(/ +/g, ' ')).toBe(`${words.join('')} so 四十二`.replace(/ +/g, ' '));
    for (const row of reasoned) expect(row.length).toBeLessThan(60);
    expect(reasoned.at(-2)).toBe('');
  });

  it('has no reasoning where it is hidden', async () => {
    expect(await shown('hide', [...thinking, text('42'), END])).toEqual(['42']);
  });

  it('that begins again says so, and is shown anew', async () => {
    expect(await shown('fold', [text('Once '), { kind: 'again', why: 'restarted' }, text('Twice'), END])).toEqual([
      'Once',
      '· the answer was begun again; all of it:',
      'Twice',
    ]);
  });

  it('that was reasoning says so', async () => {
    const events = [text('hm'), { kind: 'again', why: 'reasoning-found' }, reasoning('hm'), text('42'), END] as const;
    expect(await shown('fold', events)).toEqual([
      'hm',
      '· that was reasoning, not the answer',
      '· thought 0 ms, ~1 token  (/think show)',
      '42',
    ]);
  });

  it('goes on as code behind a connection that broke in the midst of code, and is told of it once', async () => {
    const broke: AnswerEvent = { kind: 'reconnecting' };
    const events = [text('So:\n\n```js\nlet a;\nlet'), broke, broke, text(' b;\n```\n\nDone **now**.'), END];
    expect(await shown('fold', events)).toEqual([
      'So:',
      '',
      '  let a;',
      '  let',
      '· the connection broke; the answer is followed as soon as',
      '  the server is back',
      '   b;',
      '',
      'Done now.',
    ]);
  });

  it('leaves alone what stands on the screen after the program was stopped', async () => {
    expect(await shown('fold', [text('one **two'), 'moved', text('** three\n'), END])).toEqual([
      'one **two$ fg',
      '** three',
    ]);
  });
});

describe('an answer on a pipe', () => {
  function piped(events: readonly AnswerEvent[], isHeld = false): readonly string[] {
    const written: string[] = [];
    const view = new PipedAnswer((told) => written.push(told), { isHeld, onAnew: () => written.push('[anew]') });
    for (const event of events) view.take(event);
    view.close();
    return written.filter((told) => told !== '');
  }

  it('is its text, with one line break at its end', () => {
    expect(piped([reasoning('hm'), text('\n\n  a'), text('\n'), text('b\n\n'), END]).join('')).toBe('  a\nb\n');
    expect(piped([text('a'), END])).toEqual(['a', '\n']);
    expect(piped([text(' \n'), END])).toEqual([]);
  });

  it('is not repeated where it begins again in the same way', () => {
    expect(piped([text('one '), { kind: 'again', why: 'restarted' }, text('one two'), END]).join('')).toBe('one two\n');
  });

  it('is told again where it goes another way, and says so', () => {
    const events = [text('one '), { kind: 'again', why: 'restarted' }, text('two'), END] as const;
    expect(piped(events).join('')).toBe('one \n[anew]two\n');
  });

  it('into a file has only what counts', () => {
    const events = [text('one '), { kind: 'again', why: 'restarted' }, text('two\n'), END] as const;
    expect(piped(events, true)).toEqual(['two', '\n']);
  });
});
