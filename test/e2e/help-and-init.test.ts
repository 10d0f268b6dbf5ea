/** What is asked at a terminal, and the pages that are no command, by the installed command line. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawn } from '@lydell/node-pty';
import { afterEach, describe, expect, it } from 'vitest';
import { atEnd, endAll } from '../support/ending.js';
import { gollama, RUN_JS } from '../support/gollama-process.js';
import { makePlace, type Place } from '../support/place.js';

afterEach(endAll);

/** Types `answer` as soon as the question stands there. */
function initAtTerminal(place: Place, answer: string): Promise<number> {
  const env = { PATH: process.env.PATH ?? '', HOME: place.home, TERM: 'xterm' };
  const child = spawn(process.execPath, [RUN_JS, 'config', 'init'], { cwd: place.cwd, env });
  atEnd(() => child.kill());
  let shown = '';
  let isAnswered = false;
  child.onData((data) => {
    shown += data;
    if (isAnswered || !shown.includes('simulated engine: ')) return;
    isAnswered = true;
    child.write(answer);
  });
  return new Promise((resolve) => child.onExit(({ exitCode }) => resolve(exitCode)));
}

const fileOf = (place: Place) => join(place.home, '.config', 'gollama', 'gollama.yaml');

describe('gollama config init at a terminal', () => {
  it('asks what shall answer, and puts it in', async () => {
    const place = makePlace();
    expect(await initAtTerminal(place, 'models/m.gguf\r')).toBe(0);
    expect(readFileSync(fileOf(place), 'utf8')).toMatch(
      /\n {2}- kind: llama-server\n {4}name: m\n {4}model_path: .*\/work\/models\/m\.gguf\n/,
    );
  });

  it.each([
    ['Ctrl+C', '\u0003', 130, false],
    ['the end of input', '\u0004', 0, true],
    ['an empty line', '\r', 0, true],
  ])('ends with %s', async (_what, typed, exitCode, isWritten) => {
    const place = makePlace();
    expect(await initAtTerminal(place, typed)).toBe(exitCode);
    expect(existsSync(fileOf(place))).toBe(isWritten);
  });
});

describe('gollama help', () => {
  it('lists commands and topics, as gollama --help does', async () => {
    const [help, flag] = [await gollama(['help']), await gollama(['--help'])];
    expect(help).toMatchObject({ code: 0, stderr: '', stdout: flag.stdout });
    expect(help.stdout).toMatch(/MORE HELP\n {2}help config .*\n {2}help environment .*\n {2}help exit-codes /);
  });

  it('shows a page, a command and a command of a group', async () => {
    expect((await gollama(['help', 'exit-codes'])).stdout).toMatch(
      /^ {2}4 +configuration or environment +configuration$/m,
    );
    expect((await gollama(['help', 'status'])).stdout).toMatch(/USAGE\n {2}\$ gollama status/);
    expect((await gollama(['help', 'config', 'set'])).stdout).toMatch(/USAGE\n {2}\$ gollama config set KEY/);
    const page = JSON.parse((await gollama(['help', 'exit-codes', '--json'])).stdout);
    expect(page).toMatchObject({ schemaVersion: 1, topic: 'exit-codes' });
    expect(page.exitCodes).toContainEqual({ exitCode: 10, meaning: '--wait timed out', errors: ['wait_timeout'] });
  });

  it.each(['config', 'submit'])('tells programs what is in a group that is no command: %s', async (group) => {
    const { code, stdout, stderr } = await gollama([group, '--json']);
    expect([code, stderr]).toEqual([0, '']);
    const { schemaVersion, commands, topics } = JSON.parse(stdout);
    const all = JSON.parse((await gollama(['help', '--json'])).stdout);
    expect([schemaVersion, topics]).toEqual([1, all.topics]);
    expect(commands.length).toBeGreaterThan(2);
    expect(commands).toEqual(all.commands.filter(({ id }: { id: string }) => id.split(' ')[0] === group));
    expect((await gollama([group])).stdout).toMatch(/USAGE\n/);
  });

  it('keeps code as it stands, whatever the width', async () => {
    const mock = await gollama(['bench', 'mock', '--help'], { env: { COLUMNS: '80' } });
    expect(mock.stdout).toMatch(
      /^ {4}answers:\n {6}- status: 200 .*\n {8}headers: .*\n {8}steps: .* one write each\n {10}- /m,
    );
    const batch = await gollama(['submit', 'batch', '--help'], { env: { COLUMNS: '80' } });
    const tasks = batch.stdout.split('\n').filter((line) => line.startsWith('    {"type"'));
    expect(tasks.map((line) => JSON.parse(line).type)).toEqual(['chat', 'generate', 'embed']);
    for (const line of batch.stdout.split('\n')) {
      if (!line.startsWith('    {"type"')) expect(line.length, line).toBeLessThanOrEqual(80);
    }
  });

  it('says so where there is none', async () => {
    const expected = {
      code: 2,
      stdout: '',
      stderr: 'error: there is no help on "statsu"\n  hint: did you mean "gollama help status"?\n',
    };
    expect(await gollama(['help', 'statsu'])).toMatchObject(expected);
    expect(await gollama(['statsu', '--help'])).toMatchObject(expected);
  });
});

describe('a misspelt flag', () => {
  it('brings the likely one to mind', async () => {
    const { code, stderr } = await gollama(['status', '--wacth']);
    expect([code, stderr]).toEqual([
      2,
      'error: unknown flag: --wacth\n  hint: did you mean "--watch"? see: gollama status --help\n',
    ]);
  });
});
