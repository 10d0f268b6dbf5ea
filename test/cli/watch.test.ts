import { describe, expect, it } from 'vitest';
import { GollamaError } from '../../src/base/errors.js';
import { type Frame, picture, type WatchOptions, watch } from '../../src/cli/watch.js';
import { ManualClock } from '../support/manual-clock.js';

const frame = (gist: string, isLast = false): Frame => ({ text: `text ${gist}`, gist, isLast });

async function watched(frames: readonly (Frame | Error)[], isTerminal: boolean, more: Partial<WatchOptions> = {}) {
  const clock = new ManualClock();
  const rest = [...frames];
  let written = '';
  const look = () => {
    const next = rest.shift();
    return next instanceof Error || next === undefined ? Promise.reject(next) : Promise.resolve(next);
  };
  const write = (text: string) => {
    written += text;
  };
  const screen = { isTerminal, rows: 10, columns: 40, write };
  const ended = watch(look, screen, { clock, signal: new AbortController().signal, everyMs: 1_000, ...more });
  ended.catch(() => {});
  for (let second = 0; second < frames.length; second += 1) await clock.advanceAsync(1_000);
  return { written, ended, left: rest.length };
}

describe('watching', () => {
  it('without a terminal prints a line for each change, and the last one', async () => {
    const { written, ended } = await watched([frame('one'), frame('one'), frame('two', true)], false);
    expect(await ended).toMatchObject({ gist: 'two' });
    expect(written).toBe('22:13:20 one\n22:13:22 two\n');
  });

  it('prints the line of a frame instead, where it has one', async () => {
    const lined = { ...frame('one', true), line: '{"a":1}' };
    expect((await watched([lined], false)).written).toBe('{"a":1}\n');
  });

  it('on a terminal shows every state in place', async () => {
    const { written } = await watched([frame('one'), frame('two', true)], true);
    expect(written).toBe('\u001b[2J\u001b[Htext one\u001b[K\n\u001b[J\u001b[Htext two\u001b[K\n\u001b[J');
  });

  it('waits for a server that goes away, and not for one that was never there', async () => {
    const gone = new GollamaError('unreachable', 'nobody there');
    const back = await watched([frame('one'), gone, frame('two', true)], false);
    expect(back.written).toBe('22:13:20 one\n22:13:21 nobody there\n22:13:22 two\n');
    await expect((await watched([gone], false)).ended).rejects.toBe(gone);
  });

  it('tells in a line of the same kind that the server has gone', async () => {
    const gone = new GollamaError('unreachable', 'nobody there');
    const lined = (text: string, isLast = false) => ({ ...frame(text, isLast), line: `{"is":"${text}"}` });
    const lostLine = ({ code }: GollamaError) => `{"is":"${code}"}`;
    const { written } = await watched([lined('one'), gone, gone, lined('two', true)], false, { lostLine });
    expect(written).toBe('{"is":"one"}\n{"is":"unreachable"}\n{"is":"two"}\n');
  });

  it('draws all of it anew where the terminal gets another size, and no more after the end', async () => {
    const clock = new ManualClock();
    let resized = () => {};
    let isHeard = true;
    let written = '';
    const screen = {
      isTerminal: true,
      rows: 10,
      columns: 8,
      write: (text: string) => {
        written = text;
      },
      onResize: (changed: () => void) => {
        resized = changed;
        return () => {
          isHeard = false;
        };
      },
    };
    const frames = [frame('one'), frame('two', true)];
    const look = () => Promise.resolve(frames.shift() ?? frame('none'));
    const ended = watch(look, screen, { clock, signal: new AbortController().signal, everyMs: 1_000 });
    await clock.advanceAsync(0);
    expect(written).toBe('\u001b[2J\u001b[Htext one\n\u001b[J');
    screen.columns = 6;
    resized();
    expect(written).toBe('\u001b[2J\u001b[Htext …\n\u001b[J');
    await clock.advanceAsync(1_000);
    await ended;
    expect(isHeard).toBe(false);
  });

  it('ends with any other failure', async () => {
    const failure = new GollamaError('not_found', 'no such task');
    await expect((await watched([frame('one'), failure], false)).ended).rejects.toBe(failure);
  });
});

describe('a picture', () => {
  it('fits the terminal', () => {
    const shown = picture(`one\ntwo ${'x'.repeat(20)}\nthree\nfour`, { rows: 4, columns: 16 });
    expect(shown.replaceAll('\u001b[K', '')).toBe(`one\ntwo ${'x'.repeat(11)}…\n... 2 more lines\n\u001b[J`);
  });

  it('counts two cells for a Chinese character', () => {
    const shown = picture('一二三四五', { rows: 4, columns: 8 });
    expect(shown).toBe('一二三…\u001b[K\n\u001b[J');
  });

  it('does not erase the last cell of a full line', () => {
    expect(picture('12345678', { rows: 4, columns: 8 })).toBe('12345678\n\u001b[J');
  });
});
