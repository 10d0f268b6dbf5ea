import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.js';
import { Child } from '../../../src/engine/supervisor/child.js';
import { identityOf, isGroupRunning } from '../../../src/engine/supervisor/process-identity.js';

const FAKE = fileURLToPath(new URL('../../support/fake-engine.mjs', import.meta.url));

const children: Child[] = [];
afterEach(async () => {
  for (const child of children) child.signal('SIGKILL');
  await Promise.all(children.splice(0).map((child) => child.gone));
});

interface Watched {
  readonly child: Child;
  readonly lines: string[];
  /** The first line that matches, also one that came before. */
  line(pattern: RegExp): Promise<string>;
}

async function spawnFake(...args: string[]): Promise<Watched> {
  const lines: string[] = [];
  const listeners = new Set<(line: string) => void>();
  const command = { bin: process.execPath, args: [FAKE, ...args], cwd: process.cwd(), env: process.env };
  const onLine = (line: string) => {
    lines.push(line);
    for (const listener of listeners) listener(line);
  };
  const child = await Child.spawn(command, { clock: systemClock, onLine });
  children.push(child);
  const line = (pattern: RegExp) => {
    const before = lines.find((candidate) => pattern.test(candidate));
    if (before !== undefined) return Promise.resolve(before);
    return new Promise<string>((resolve) => {
      listeners.add((candidate) => {
        if (pattern.test(candidate)) resolve(candidate);
      });
    });
  };
  return { child, lines, line };
}

describe('Child', () => {
  it('rejects where the program cannot be run', async () => {
    const command = { bin: '/nowhere/server', args: [], cwd: '/', env: {} };
    await expect(Child.spawn(command, { clock: systemClock, onLine: () => {} })).rejects.toThrow('ENOENT');
  });

  it('tells the exit with the last words before it', async () => {
    const { child } = await spawnFake('--say', 'one', '--say', 'two', '--fail', '3');
    expect(await child.exited).toEqual({ code: 3, signal: null });
    expect(child.tail()).toEqual(['one', 'two']);
    expect(await child.gone).toBe(true);
  });

  it('tells the signal that it died of', async () => {
    const { child } = await spawnFake('--kill-self');
    expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('is not held up by a line of a megabyte', async () => {
    const { child, line, lines } = await spawnFake('--long-line', '1000000', '--say', 'after');
    await line(/^listening/);
    expect(lines).toContain('after');
    expect(await line(/bytes more/)).toHaveLength(65_536 + ' ... (934464 bytes more)'.length);
    expect(Math.max(...child.tail().map((kept) => kept.length))).toBe(500);
  });

  it('keeps the last forty lines', async () => {
    const words = Array.from({ length: 100 }, (_, at) => ['--say', `line ${at}`]).flat();
    const { child } = await spawnFake(...words, '--fail', '1');
    await child.exited;
    expect(child.tail()).toHaveLength(40);
    expect(child.tail().at(-1)).toBe('line 99');
  });

  it('takes descendants that hold its pipes along when it ends', async () => {
    const { child, line } = await spawnFake('--grandchild', '--signals', '1');
    const grandchild = Number((await line(/^grandchild/)).split(' ')[1]);
    await line(/^listening/);
    expect(identityOf(grandchild)).toBeDefined();
    child.signal('SIGTERM');
    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect(await child.gone).toBe(true);
    expect(identityOf(grandchild)).toBeUndefined();
    expect(isGroupRunning(child.pid)).toBe(false);
  });

  it('signals nobody once it is gone', async () => {
    const { child } = await spawnFake('--fail', '0');
    await child.gone;
    expect(child.signal('SIGTERM')).toBe(false);
  });
});

describe('identityOf', () => {
  it('tells this process by start time and command line, and nothing of a number that nobody has', () => {
    const own = identityOf(process.pid);
    expect(own?.commandLine).toContain('node');
    expect(identityOf(process.pid)).toEqual(own);
    expect(identityOf(2 ** 22 + 1)).toBeUndefined();
  });
});
