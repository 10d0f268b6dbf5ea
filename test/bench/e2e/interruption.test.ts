import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parseResult } from '../../../bench/output/result-file.js';
import { bench, startMock } from '../../support/bench-process.js';
import { atEnd, endAll } from '../../support/ending.js';
import { FakeUpstream } from '../../support/fake-upstream.js';
import { gollama, RUN_JS } from '../../support/gollama-process.js';
import { makePlace } from '../../support/place.js';

afterEach(endAll);

interface Begun {
  readonly pid: number;
  signal(name: NodeJS.Signals): void;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string }>;
}

/** `gollama bench` while it runs. */
function begin(args: readonly string[], env: Readonly<Record<string, string>> = {}): Begun {
  const place = makePlace();
  const child = spawn(process.execPath, [RUN_JS, 'bench', ...args], {
    cwd: place.cwd,
    env: { PATH: process.env.PATH, HOME: place.home, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  atEnd(() => child.kill('SIGKILL'));
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text;
  });
  return {
    pid: child.pid ?? 0,
    signal: (name) => child.kill(name),
    ended: once(child, 'close').then(([code, signal]) => ({ code, signal, ...said })),
  };
}

function childrenOf(pid: number): string[] {
  const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return list === '' ? [] : list.split(' ');
}

function isAlive(pid: string): boolean {
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch {
    return false;
  }
}

function settleable() {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

describe('an interrupt', () => {
  it.each([
    ['SIGINT', '1', 130],
    ['SIGINT', '2', 130],
    ['SIGTERM', '1', 143],
  ] as const)(
    'by %s with %s threads leaves a whole result that says it is not complete',
    async (name, workers, code) => {
      const upstream = await FakeUpstream.start();
      const run = begin([upstream.url, '--no-calibrate', '--warmup', '0', '--json', '--workers', workers]);
      (await upstream.next()).beginStream();
      run.signal(name);
      const ended = await run.ended;
      expect(ended.code).toBe(code);
      const result = parseResult(ended.stdout, ended.stderr);
      expect(result).toMatchObject({ complete: false, verdict: { status: 'interrupted', exit_code: 130 } });
      expect(result.requests.incomplete).toBeGreaterThan(0);
      expect(ended.stderr).toContain('INTERRUPTED');
    },
  );

  it('in a later run of several makes all of it incomplete', async () => {
    let count = 0;
    const { promise: reached, resolve } = settleable();
    const upstream = await FakeUpstream.start({
      answer: (call) => {
        count += 1;
        call.beginStream();
        call.say('hi');
        if (count > 2) resolve();
        else call.endStream();
      },
    });
    const args = ['-n', '2', '-c', '1', '--warmup', '0', '--no-calibrate', '--json'];
    const run = begin([upstream.url, ...args, '--repeat', '3']);
    await reached;
    run.signal('SIGINT');
    const ended = await run.ended;
    expect(ended.code).toBe(130);
    expect(parseResult(ended.stdout, ended.stderr)).toMatchObject({ complete: false, requests: { successful: 2 } });
  });

  it('while the server is waited for ends the wait', async () => {
    const { promise: asked, resolve } = settleable();
    const server = createServer((_, response) => {
      response.writeHead(503).end();
      resolve();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    atEnd(() => server.close());
    const run = begin([`http://127.0.0.1:${(server.address() as AddressInfo).port}`, '--wait-ready', '10m', '--json']);
    await asked;
    run.signal('SIGINT');
    const ended = await run.ended;
    expect(ended.code).toBe(130);
    expect(parseResult(ended.stdout, ended.stderr)).toMatchObject({ complete: false, requests: { total: 0 } });
  });

  it.runIf(process.platform === 'linux')('a second time ends it at once, and its own gateway with it', async () => {
    const before = foldersOfGateways();
    const run = begin(['--engine', 'sim', '--no-calibrate', '-n', '100000']);
    const children = await startedChildren(run);
    run.signal('SIGINT');
    run.signal('SIGTERM');
    const { code } = await run.ended;
    expect([130, 143]).toContain(code);
    await expect.poll(() => children.filter(isAlive), { timeout: 10_000 }).toEqual([]);
    expect(foldersOfGateways().filter((name) => !before.includes(name))).toEqual([]);
  });
});

async function startedChildren(run: Begun): Promise<string[]> {
  await expect.poll(() => childrenOf(run.pid).length, { timeout: 15_000 }).toBeGreaterThan(0);
  return childrenOf(run.pid);
}

function foldersOfGateways(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith('gollama-bench-'));
}

describe('a file that cannot be written', () => {
  it('ends it with 4 and a word on standard error, and the result is on standard output', async () => {
    const mock = await startMock();
    const run = await gollama(['bench', mock.url, '-n', '4', '--no-calibrate', '--json', '/nowhere/out.json']);
    expect(run.code).toBe(4);
    expect(parseResult(run.stdout, run.stderr).requests.successful).toBe(4);
    expect(run.stderr).toMatch(/^error: cannot write \/nowhere\/out\.json/m);
  });

  it('keeps none of the others from being written', async () => {
    const place = makePlace();
    const mock = await startMock();
    const run = await bench(mock.url, ['-n', '4', '--csv', '/nowhere/a.csv', '--junit', 'a.xml'], { place });
    expect(run.code).toBe(4);
    expect(run.result.requests.successful).toBe(4);
    expect(readFileSync(join(place.cwd, 'a.xml'), 'utf8')).toContain('<testsuite');
  });

  it.runIf(process.platform === 'linux')('is told also where the disk fills up under the records', async () => {
    const mock = await startMock();
    const run = await bench(mock.url, ['-n', '4', '--records', '/dev/full']);
    expect(run.code).toBe(4);
    expect(run.stderr).toMatch(/^error: not every record could be written/m);
    expect(run.result.requests.successful).toBe(4);
  });
});

describe('a reader that goes away early', () => {
  it('does not crash it', async () => {
    const mock = await startMock();
    const child = spawn(process.execPath, [RUN_JS, 'bench', mock.url, '-n', '4', '--no-calibrate'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    atEnd(() => child.kill('SIGKILL'));
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.stdout.destroy();
    const [code, signal] = await once(child, 'close');
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
  });
});
