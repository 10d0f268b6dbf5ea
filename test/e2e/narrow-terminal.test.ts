/** What is shown on a terminal fits it, also when it gets another size. */
import { spawn } from '@lydell/node-pty';
import { afterEach, describe, expect, it } from 'vitest';
import { displayWidth } from '../../src/cli/terminal/display-width.js';
import { Client } from '../../src/client/client.js';
import { atEnd, endAll } from '../support/ending.js';
import { eventually } from '../support/eventually.js';
import { RUN_JS } from '../support/gollama-process.js';
import { makePlace } from '../support/place.js';
import { startApp } from '../support/start-app.js';

afterEach(endAll);

const CLEAR = '\u001b[2J\u001b[H';
const LONG = '模型'.repeat(20);

async function setUp() {
  const app = await startApp(`engines: [{kind: simulated, name: box, models: [m, ${LONG}]}]`);
  const client = new Client(app.url);
  const task = { type: 'generate', payload: { prompt: 'p' }, options: { num_predict: 1 } } as const;
  const id = await client.submitTask({ ...task, model: LONG });
  await client.waitForTask(id);
  return {
    id,
    url: app.url,
    start: (args: readonly string[], cols: number, rows: number) => start(app.url, args, cols, rows),
  };
}

/** The program on a terminal of that size. */
function start(url: string, args: readonly string[], cols: number, rows: number, term = 'xterm-256color') {
  const place = makePlace();
  const env = { PATH: process.env.PATH, HOME: place.home, GOLLAMA_URL: url, TERM: term };
  const terminal = spawn(process.execPath, [RUN_JS, ...args], { cwd: place.cwd, cols, rows, env });
  atEnd(() => terminal.kill('SIGKILL'));
  let shown = '';
  terminal.onData((text) => {
    shown += text;
  });
  const ended = new Promise<number>((resolve) => terminal.onExit(({ exitCode }) => resolve(exitCode)));
  return { terminal, ended, shown: () => shown };
}

/** The lines of what was drawn last, without what steers the terminal. */
function picture(shown: string): readonly string[] {
  const last = shown.slice(shown.lastIndexOf('\u001b[H') + 3);
  return last
    .replace(/\u001b\[\d*[A-Za-z]/g, '')
    .trimEnd()
    .split('\r\n');
}

function expectFits(lines: readonly string[], columns: number, rows: number): void {
  expect(lines.length).toBeLessThan(rows);
  expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(columns);
}

describe('status --watch', () => {
  it('fits the terminal, before and after it gets another size, and ends with Ctrl+C', async () => {
    const { start } = await setUp();
    const { terminal, ended, shown } = start(['status', '--watch'], 40, 6);
    await eventually('the first picture', () => shown().includes('more lines'));
    expectFits(picture(shown()), 40, 6);
    expect(shown().split(CLEAR)).toHaveLength(2);
    terminal.resize(24, 12);
    const isRedrawn = () => shown().split(CLEAR).length === 3 && shown().endsWith('\u001b[J');
    await eventually('the picture of the new size', isRedrawn);
    expect(picture(shown()).join('\n')).toContain('ENGINE');
    expectFits(picture(shown()), 24, 12);
    terminal.write('\u0003');
    expect(await ended).toBe(130);
  });

  it('tells changes in lines on a terminal that cannot draw', async () => {
    const { url } = await setUp();
    const { terminal, ended, shown } = start(url, ['status', '--watch'], 80, 24, 'dumb');
    await eventually('the first line', () => shown().includes('\n'));
    terminal.write('\u0003');
    expect(await ended).toBe(130);
    expect(shown()).toMatch(/^\d\d:\d\d:\d\d pending=0 /);
    expect(shown()).not.toContain('\u001b');
  });

  it('of a task ends with the exit code of the task', async () => {
    const { id, start } = await setUp();
    expect(await start(['status', id, '--watch'], 40, 10).ended).toBe(0);
  });
});

describe('list', () => {
  it('leaves columns out where the terminal is narrow', async () => {
    const { id, start } = await setUp();
    const { ended, shown } = start(['list'], 60, 24);
    expect(await ended).toBe(0);
    expect(shown()).toMatch(/ID +PRIORITY +STATUS +MODEL/);
    expect(shown()).toContain(id);
    expectFits(shown().trimEnd().split('\r\n'), 60, 24);
  });
});
