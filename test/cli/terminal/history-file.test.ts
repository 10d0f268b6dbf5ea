import { appendFileSync, chmodSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.js';
import { HistoryFile } from '../../../src/cli/terminal/history-file.js';
import { endAll } from '../../support/ending.js';
import { makePlace } from '../../support/place.js';

afterEach(endAll);

function setUp(env: Record<string, string> = {}) {
  const { home } = makePlace();
  const path = join(home, '.local/state/gollama/history');
  const open = () => HistoryFile.open({ env, home }, systemClock);
  const write = (text: string) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode: 0o644 });
  };
  return { home, path, open, write };
}

const line = (text: string) => `${JSON.stringify(text)}\n`;

describe('the history', () => {
  it('comes back, with line breaks, in a file that only its user may read', () => {
    const { path, open } = setUp();
    const first = open();
    first.add('one');
    first.add('two\nlines\t"quoted" 你好');
    first.add('two\nlines\t"quoted" 你好');
    first.add('');
    expect(open().entries()).toEqual(['one', 'two\nlines\t"quoted" 你好']);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    expect(first.problem).toBeUndefined();
  });

  it('is where $XDG_STATE_HOME says, where that is absolute', () => {
    const { home, path } = setUp();
    const at = (state: string) => HistoryFile.open({ env: { XDG_STATE_HOME: state }, home }, systemClock).path;
    expect(at(join(home, 'state'))).toBe(join(home, 'state/gollama/history'));
    expect(at('relative')).toBe(path);
  });

  it('is not kept with GOLLAMA_NOHISTORY=1, but is there until the program ends', () => {
    const { path, open } = setUp({ GOLLAMA_NOHISTORY: '1' });
    const history = open();
    history.add('secret');
    expect(history.entries()).toEqual(['secret']);
    expect(history.path).toBeUndefined();
    expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
  });

  it('of two programs holds what both added', () => {
    const { open } = setUp();
    const [one, other] = [open(), open()];
    one.add('a');
    other.add('b');
    one.add('c');
    expect(open().entries()).toEqual(['a', 'b', 'c']);
  });

  it('loses nothing when another program shortens the file between two additions', () => {
    const { open, write, path } = setUp();
    write(Array.from({ length: 2_000 }, (_, index) => line(`entry ${index}`)).join(''));
    const before = open();
    before.add('from one');
    const shortening = open();
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(1_001);
    before.add('from one again');
    shortening.add('from the other');
    expect(open().entries().slice(-3)).toEqual(['from one', 'from one again', 'from the other']);
    expect(open().entries()).toHaveLength(1_000);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('is not shortened by two at once', () => {
    const { open, write, path } = setUp();
    write(Array.from({ length: 2_500 }, (_, index) => line(`entry ${index}`)).join(''));
    writeFileSync(`${path}.lock`, '');
    const history = open();
    expect(history.entries()).toHaveLength(1_000);
    expect(history.problem).toBeUndefined();
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(2_501);
  });

  it('writes on where the file was moved away', () => {
    const { open, path } = setUp();
    const history = open();
    history.add('a');
    renameSync(path, `${path}.old`);
    history.add('b');
    expect(open().entries()).toEqual(['b']);
  });

  it('skips what is damaged, says so, and is not damaged further', () => {
    const { open, write, path } = setUp();
    write(`${line('good')}\x00\xff garbage\n42\n"cut o`);
    const history = open();
    expect(history.entries()).toEqual(['good']);
    expect(history.problem).toBe(`3 damaged lines in ${path} left out`);
    history.add('new');
    expect(open().entries()).toEqual(['good', 'new']);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('is in memory where the file cannot be', () => {
    const { open, path } = setUp();
    mkdirSync(path, { recursive: true });
    const history = open();
    history.add('a');
    expect(history.entries()).toEqual(['a']);
    expect(history.problem).toMatch(/^the history is not kept: EISDIR/);
  });

  it('goes on in memory where the folder became unwritable', () => {
    const { open, path } = setUp();
    const history = open();
    history.add('a');
    renameSync(dirname(path), `${dirname(path)}-away`);
    history.add('b');
    expect(history.entries()).toEqual(['a', 'b']);
    expect(history.problem).toMatch(/not kept: ENOENT/);
  });

  it('does not write an entry that is huge', () => {
    const { open } = setUp();
    const history = open();
    history.add('x'.repeat(70_000));
    expect(history.entries()).toHaveLength(1);
    expect(open().entries()).toEqual([]);
  });

  it('of more than 8 MiB is read from its end', () => {
    const { open, write, path } = setUp();
    write(line('x'.repeat(60_000)).repeat(1));
    for (let count = 0; count < 150; count++) appendFileSync(path, line(`${count}${'y'.repeat(60_000)}`));
    const entries = open().entries();
    expect(entries.length).toBeGreaterThan(100);
    expect(entries.at(-1)?.startsWith('149y')).toBe(true);
    expect(statSync(path).size).toBeLessThan(8 * 1024 * 1024);
  });

  it('is searched newest first, each entry once', () => {
    const { open } = setUp();
    const history = open();
    for (const text of ['Fix a', 'other', 'fix b', 'Fix a']) history.add(text);
    expect(history.search('fix')).toEqual(['Fix a', 'fix b']);
    expect(history.search('Fix')).toEqual(['Fix a']);
    expect(history.search('f', 1)).toEqual(['Fix a']);
  });

  it('is made private where it was not', () => {
    const { open, write, path } = setUp();
    write(line('a'));
    chmodSync(path, 0o644);
    open();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });
});
