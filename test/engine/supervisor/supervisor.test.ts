import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GollamaError } from '../../../src/base/errors.js';
import { silentLogger } from '../../../src/base/logger.js';
import { Orphans } from '../../../src/engine/supervisor/orphans.js';
import { findFreePort } from '../../../src/engine/supervisor/port.js';
import { isGroupRunning } from '../../../src/engine/supervisor/process-identity.js';
import {
  type Health,
  type Launch,
  Supervisor,
  type SupervisorOptions,
} from '../../../src/engine/supervisor/supervisor.js';
import { scaledClock } from '../../support/scaled-clock.js';
import { waitUntil } from '../../support/wait-until.js';

const FAKE = fileURLToPath(new URL('../../support/fake-engine.mjs', import.meta.url));
const clock = scaledClock(20);

let dataDir: string;
let supervisor: Supervisor | undefined;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'gollama-supervisor-'));
});
afterEach(async () => {
  await supervisor?.stop();
  supervisor = undefined;
  rmSync(dataDir, { recursive: true, force: true });
});

interface Setup {
  readonly args?: readonly string[];
  readonly options?: Partial<SupervisorOptions>;
  readonly portIsOurs?: boolean;
  prepare?(): Promise<void>;
}

/** Runs the fake engine; what is collected are its starts. */
function supervise({ args = [], options = {}, portIsOurs = false, prepare }: Setup) {
  const launches: Launch[] = [];
  const made = new Supervisor(
    {
      name: 'fake',
      startTimeoutMs: 60_000,
      stopTimeoutMs: 10_000,
      restartBackoffMs: 100,
      keepTrying: false,
      ...options,
    },
    {
      clock,
      random: () => 0.5,
      logger: silentLogger,
      orphans: new Orphans({ clock, logger: silentLogger, dataDir }),
      lastBytesAtMs: () => 0,
      probe: () => look(launches.at(-1)?.baseUrl ?? ''),
      async prepare() {
        await prepare?.();
        const port = await findFreePort();
        const command = { bin: FAKE, args: [...args, '--port', String(port)], cwd: dataDir, env: process.env };
        const launch = { command, baseUrl: `http://127.0.0.1:${port}`, portIsOurs };
        launches.push(launch);
        return launch;
      },
    },
  );
  supervisor = made;
  const until = (isTrue: () => boolean) => waitUntil((listener) => made.onChange(listener), isTrue);
  return { supervisor: made, launches, until, ask: (path: string) => ask(`${launches.at(-1)?.baseUrl}${path}`) };
}

async function look(baseUrl: string): Promise<Health> {
  try {
    const { status } = await fetch(`${baseUrl}/health`);
    return status === 503 ? 'loading' : 'ok';
  } catch {
    return 'refused';
  }
}

async function ask(url: string): Promise<void> {
  await fetch(url).catch(() => {});
}

function notedPids(): number[] {
  return readdirSync(join(dataDir, 'children')).map((name) => Number.parseInt(name, 10));
}

async function failure(start: Promise<void>): Promise<GollamaError> {
  const error: unknown = await start.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof GollamaError) return error;
  throw new Error(`expected a GollamaError, got ${String(error)}`);
}

describe('Supervisor', () => {
  it('starts when the model is loaded, notes the child, and leaves nothing behind when it stops', async () => {
    const { supervisor } = supervise({ args: ['--loading', '3'] });
    await Promise.all([supervisor.start(), supervisor.start()]);
    expect(supervisor.status().state).toBe('ready');
    const [pid = 0] = notedPids();
    expect(isGroupRunning(pid)).toBe(true);
    await Promise.all([supervisor.stop(), supervisor.stop()]);
    expect(isGroupRunning(pid)).toBe(false);
    expect(notedPids()).toEqual([]);
    expect(supervisor.status()).toMatchObject({ state: 'stopped', problem: 'stopped' });
    await supervisor.start();
    expect(supervisor.status().state).toBe('ready');
  });

  it('waits for the ready pattern too', async () => {
    const late = supervise({ options: { readyPattern: /never said/, startTimeoutMs: 60_000 } });
    expect((await failure(late.supervisor.start())).message).toContain('matches ready_pattern');
    const { supervisor } = supervise({ options: { readyPattern: /^listening on/ } });
    await supervisor.start();
    expect(supervisor.status().state).toBe('ready');
  });

  it('rejects a first start at once with the reason of an early end, and stays stopped', async () => {
    const { supervisor, launches } = supervise({ args: ['--say', 'error: invalid argument: --wrong', '--fail', '1'] });
    const error = await failure(supervisor.start());
    expect(error.code).toBe('engine_error');
    expect(error.message).toContain('engine fake could not be started');
    expect(error.message).toContain('invalid argument: --wrong');
    expect(error.hint).toContain('args');
    expect(supervisor.status().state).toBe('stopped');
    expect(launches).toHaveLength(1);
  });

  it('rejects with the very error that preparing threw', async () => {
    const thrown = new GollamaError('configuration', 'no such model', { hint: 'look' });
    const { supervisor } = supervise({ prepare: () => Promise.reject(thrown) });
    expect(await failure(supervisor.start())).toBe(thrown);
  });

  it('gives up what never listens', async () => {
    const { supervisor } = supervise({ args: ['--mute'], options: { startTimeoutMs: 60_000 } });
    expect((await failure(supervisor.start())).message).toContain('nothing listens on its address');
  });

  it('starts a child that died again, on another port', async () => {
    const { supervisor, launches, until, ask } = supervise({});
    await supervisor.start();
    await ask('/exit?code=0');
    await until(() => supervisor.status().state === 'backoff');
    expect(supervisor.status().problem).toContain('exit code 0');
    await until(() => supervisor.status().state === 'ready');
    expect(supervisor.status().restarts).toBe(1);
    expect(launches).toHaveLength(2);
  });

  it('stops trying after five failures in a row, until it is asked again', async () => {
    const { supervisor, launches, until } = supervise({ args: ['--fail', '7'], options: { keepTrying: true } });
    await supervisor.start();
    await until(() => supervisor.status().state === 'crash-loop');
    expect(launches).toHaveLength(5);
    expect(supervisor.status().problem).toContain('failed 5 times in a row');
    supervisor.recycle('somebody asks');
    await until(() => supervisor.status().state === 'backoff');
    expect(launches).toHaveLength(6);
  });

  it('takes another port at once where its own was taken meanwhile', async () => {
    const { supervisor, launches } = supervise({ args: ['--say', "couldn't bind", '--fail', '1'], portIsOurs: true });
    await failure(supervisor.start());
    expect(launches).toHaveLength(4);
    expect(new Set(launches.map(({ baseUrl }) => baseUrl)).size).toBeGreaterThan(1);
  });

  it.each([
    ['ends only at the second SIGTERM', ['--signals', '2']],
    ['ignores SIGTERM', ['--signals', '0']],
    ['has a descendant that ignores SIGTERM and holds its pipes', ['--grandchild']],
  ])('stops a child that %s, with its whole group', async (_name, args) => {
    const { supervisor } = supervise({ args });
    await supervisor.start();
    const [pid = 0] = notedPids();
    await supervisor.stop();
    expect(isGroupRunning(pid)).toBe(false);
  });

  it('stops in the middle of a start, which is then rejected', async () => {
    const { supervisor, until } = supervise({ args: ['--loading', '-1'] });
    const started = failure(supervisor.start());
    await until(() => supervisor.status().problem === 'loading the model');
    const [pid = 0] = notedPids();
    await supervisor.stop();
    expect((await started).message).toContain('stopped before it was ready');
    expect(isGroupRunning(pid)).toBe(false);
  });

  it('runs nothing when it is stopped before the child is spawned', async () => {
    let prepared: () => void = () => {};
    const { supervisor } = supervise({ prepare: () => new Promise((resolve) => (prepared = resolve)) });
    const started = failure(supervisor.start());
    await Promise.resolve();
    const stopped = supervisor.stop();
    prepared();
    await stopped;
    await started;
    expect(() => notedPids()).toThrow('ENOENT');
  });

  it('restarts on request, and says so', async () => {
    const { supervisor, launches, until } = supervise({});
    await supervisor.start();
    supervisor.recycle('a slot is stuck');
    expect(supervisor.status()).toMatchObject({ state: 'starting', problem: 'restarting: a slot is stuck' });
    await until(() => supervisor.status().state === 'ready');
    expect(supervisor.status().restarts).toBe(1);
    expect(launches).toHaveLength(2);
  });

  it('restarts a child that lives on without its listener', async () => {
    const { supervisor, until, ask } = supervise({});
    await supervisor.start();
    await ask('/close-listener');
    await until(() => supervisor.status().state === 'backoff');
    expect(supervisor.status().problem).toContain('nothing listens on its port any more');
    await until(() => supervisor.status().state === 'ready');
  });
});
