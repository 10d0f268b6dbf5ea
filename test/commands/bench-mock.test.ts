import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { atEnd, endAll } from '../support/ending.js';
import { ROOT, RUN_JS } from '../support/gollama-process.js';
import { makePlace } from '../support/place.js';

afterEach(endAll);

class Command {
  readonly child: ChildProcess;
  readonly exited: Promise<[code: number | null, signal: NodeJS.Signals | null]>;
  stdout = '';
  stderr = '';
  #heard: () => void = () => {};

  constructor(...args: string[]) {
    this.child = spawn(process.execPath, [RUN_JS, 'bench', ...args], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    atEnd(() => this.child.kill('SIGKILL'));
    this.exited = once(this.child, 'close') as Command['exited'];
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      this.#heard();
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      this.#heard();
    });
  }

  /** The URL that it prints. Rejects where it ends without. */
  async url(): Promise<string> {
    for (;;) {
      const url = /listening on (\S+)\n/.exec(this.stdout + this.stderr)?.[1];
      if (url !== undefined) return url;
      const more = new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
      const ended = this.exited.then(() => {
        throw new Error(`it ended:\n${this.stderr}`);
      });
      await Promise.race([more, ended]);
    }
  }
}

function ask(url: string): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, { method: 'POST', body: '{"stream":true}' });
}

describe('gollama bench mock', () => {
  it('prints its URL, streams, and ends with SIGTERM', async () => {
    const mock = new Command('mock', '--port', '0', '--ttft-ms', '0', '--token-rate', '0', '--tokens', '4');
    const text = await (await ask(await mock.url())).text();
    expect(text.match(/word/g)).toHaveLength(4);
    mock.child.kill('SIGTERM');
    expect(await mock.exited).toEqual([0, null]);
  });

  it('keeps stdout for JSON where that is asked for', async () => {
    const mock = new Command('mock', '--port', '0', '--json', '--script', '503');
    const url = await mock.url();
    expect((await ask(url)).status).toBe(503);
    mock.child.kill('SIGTERM');
    await mock.exited;
    expect(JSON.parse(mock.stdout)).toEqual({ schemaVersion: 1, url, requests: 1 });
  });

  it('plays a script out of a file', async () => {
    const path = join(makePlace().home, 'script.yaml');
    writeFileSync(path, 'answers:\n  - steps: [[0, "data: hello\\n\\n"]]\n');
    const mock = new Command('mock', '--port', '0', '--script', path);
    expect(await (await ask(await mock.url())).text()).toBe('data: hello\n\n');
  });

  it('dies with the request that it was told to', async () => {
    const mock = new Command('mock', '--port', '0', '--die-at', '1');
    await expect(ask(await mock.url())).rejects.toThrow();
    expect(await mock.exited).toEqual([0, null]);
  });

  it('refuses a script that is none, with exit code 2', async () => {
    const mock = new Command('mock', '--port', '0', '--script', 'no-such');
    expect((await mock.exited)[0]).toBe(2);
    expect(mock.stderr).toContain('--script no-such is neither a known name nor a file');
  });
});

describe('gollama bench calibrate', () => {
  it('prints what it finds as JSON', async () => {
    const calibration = new Command('calibrate', '--json', '-c', '2', '--token-rate', '200');
    expect(await calibration.exited).toEqual([0, null]);
    expect(JSON.parse(calibration.stdout)).toEqual({
      schemaVersion: 1,
      streams: 2,
      delay_ms: { p50: expect.any(Number), p99: expect.any(Number) },
      cpu_us_per_event: expect.any(Number),
      max_events_per_s: expect.any(Number),
    });
  });
});
