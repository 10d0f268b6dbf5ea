import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Logger, silentLogger } from '../../../src/base/logger.js';
import { Orphans } from '../../../src/engine/supervisor/orphans.js';
import { identityOf, signalGroup } from '../../../src/engine/supervisor/process-identity.js';
import { scaledClock } from '../../support/scaled-clock.js';

const GATEWAY = fileURLToPath(new URL('../../support/fake-gateway.ts', import.meta.url));

let dataDir: string;
let warnings: { fields: object; message: string }[];
const gateways: ChildProcess[] = [];
const engines: number[] = [];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'gollama-orphans-'));
  warnings = [];
});
afterEach(async () => {
  for (const gateway of gateways.splice(0)) await kill(gateway);
  for (const pid of engines.splice(0)) signalGroup(pid, 'SIGKILL');
  rmSync(dataDir, { recursive: true, force: true });
});

function orphans(): Orphans {
  const logger: Logger = { ...silentLogger, warn: (fields, message) => warnings.push({ fields, message }) };
  return new Orphans({ clock: scaledClock(20), logger, dataDir });
}

/** Resolves when its engine runs and is noted. */
async function startGateway(...args: string[]): Promise<{ gateway: ChildProcess; pid: number }> {
  const gateway = spawn(process.execPath, ['--import', 'tsx', GATEWAY, dataDir, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  gateways.push(gateway);
  if (!gateway.stdout) throw new Error('no stdout');
  for await (const line of createInterface({ input: gateway.stdout })) {
    const pid = Number(/^child (\d+)$/.exec(line)?.[1]);
    engines.push(pid);
    return { gateway, pid };
  }
  throw new Error('the gateway ended before its engine ran');
}

async function kill(gateway: ChildProcess): Promise<void> {
  if (gateway.exitCode !== null || gateway.signalCode !== null) return;
  const exit = once(gateway, 'exit');
  gateway.kill('SIGKILL');
  await exit;
}

const notes = () => readdirSync(join(dataDir, 'children'));

/** Changes the note of the engine. */
function rewrite(pid: number, change: object): void {
  const path = join(dataDir, 'children', `${pid}.json`);
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ...change }));
}

describe('Orphans', () => {
  it('ends the engine of a gateway that was killed, and says so in one line', async () => {
    const { gateway, pid } = await startGateway();
    await kill(gateway);
    expect(identityOf(pid)).toBeDefined();
    expect(await orphans().reap()).toBe(1);
    expect(identityOf(pid)).toBeUndefined();
    expect(notes()).toEqual([]);
    expect(warnings).toEqual([
      {
        fields: { children: `fake (pid ${pid})` },
        message: 'ended 1 engine process(es) left behind by an earlier gollama',
      },
    ]);
  });

  it('kills an orphan that ignores SIGTERM', async () => {
    const { gateway, pid } = await startGateway('--signals', '0');
    await kill(gateway);
    expect(await orphans().reap()).toBe(1);
    expect(identityOf(pid)).toBeUndefined();
  });

  it('leaves the engine of a living gateway alone', async () => {
    const { pid } = await startGateway();
    expect(await orphans().reap()).toBe(0);
    expect(identityOf(pid)).toBeDefined();
    expect(notes()).toEqual([`${pid}.json`]);
  });

  it.each([
    ['its number was used again, at another time', { startTime: '1' }, []],
    ['its number was used again, by another program', { argsHash: 'x' }, []],
    ['it was noted before the machine was started again', { scope: '' }, []],
    ['it belongs to another machine', { scope: 'elsewhere boot pid:[1]' }, ['kept']],
  ])('does not touch a process when %s', async (_name, change, kept) => {
    const { gateway, pid } = await startGateway();
    await kill(gateway);
    const { scope } = JSON.parse(readFileSync(join(dataDir, 'children', `${pid}.json`), 'utf8'));
    const earlier = 'scope' in change && change.scope === '' ? { scope: scope.replace(/ \S+ /, ' earlier ') } : change;
    rewrite(pid, earlier);
    expect(await orphans().reap()).toBe(0);
    expect(identityOf(pid)).toBeDefined();
    expect(notes()).toHaveLength(kept.length);
  });

  it('takes the reused number of a gateway for another process', async () => {
    const { pid } = await startGateway();
    rewrite(pid, { gatewayStartTime: '1' });
    expect(await orphans().reap()).toBe(1);
  });

  it('sets a note aside that it cannot read, with a warning', async () => {
    mkdirSync(join(dataDir, 'children'), { recursive: true });
    writeFileSync(join(dataDir, 'children', '77.json'), '{"version":1,"pid":');
    expect(await orphans().reap()).toBe(0);
    expect(notes()).toEqual(['77.json.corrupt']);
    expect(warnings).toHaveLength(1);
  });

  it('notes and forgets without a word where the folder is not there', async () => {
    await expect(orphans().reap()).resolves.toBe(0);
    expect(() => orphans().forget(77)).not.toThrow();
  });

  it('only warns where it cannot note anything', () => {
    writeFileSync(join(dataDir, 'children'), '');
    orphans().record('fake', process.pid, []);
    expect(warnings).toHaveLength(1);
  });
});
