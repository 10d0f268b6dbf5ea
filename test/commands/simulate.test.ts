import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import { ROOT, RUN_JS } from '../support/gollama-process.js';

class Simulation {
  readonly child: ChildProcess;
  readonly lines: string[] = [];
  readonly exited: Promise<[code: number | null, signal: NodeJS.Signals | null]>;
  #url = '';

  constructor(args: readonly string[], env: Record<string, string> = {}) {
    this.child = spawn(process.execPath, [RUN_JS, 'simulate', ...args], {
      cwd: ROOT,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    this.exited = once(this.child, 'exit') as Simulation['exited'];
  }

  /** Reads stderr up to a line that matches. */
  async line(pattern: RegExp): Promise<string> {
    for await (const line of createInterface({ input: this.child.stderr! })) {
      this.lines.push(line);
      if (pattern.test(line)) return line;
    }
    throw new Error(`no line like ${pattern} in:\n${this.lines.join('\n')}`);
  }

  async ready(): Promise<string> {
    const line = await this.line(/listening on/);
    this.#url = line.replace(/^.*listening on /, '');
    return this.#url;
  }

  chat(fault: string): Promise<Response> {
    const body = { messages: [{ role: 'user', content: 'Hello' }], stream: true, simulate_fault: fault };
    return fetch(`${this.#url}/v1/chat/completions`, { method: 'POST', body: JSON.stringify(body) });
  }

  /** Ends what is left of the process and its children. */
  end(): void {
    try {
      process.kill(-(this.child.pid ?? 0), 'SIGKILL');
    } catch {
      // Nothing of it is left.
    }
  }
}

const begun: Simulation[] = [];

function simulate(args: string, env: Record<string, string> = {}): Simulation {
  const simulation = new Simulation(
    ['--port', '0', '--ttft-ms', '1', '--token-ms', '1', ...args.split(' ').filter(Boolean)],
    env,
  );
  begun.push(simulation);
  return simulation;
}

afterEach(() => {
  for (const simulation of begun.splice(0)) simulation.end();
});

describe('gollama simulate', () => {
  it('takes the command line of a llama-server, and says what it ignores', async () => {
    const simulation = simulate('-m /models/tiny.gguf -np 2 -c 4096 -ngl 99 --jinja', { LLAMA_API_KEY: 'from-env' });
    const url = await simulation.ready();
    expect(simulation.lines[0]).toBe('ignored, without meaning for a simulation: -ngl 99 --jinja');
    expect((await fetch(`${url}/props`)).status).toBe(401);
    const props = await fetch(`${url}/props`, { headers: { authorization: 'Bearer from-env' } });
    expect(await props.json()).toMatchObject({
      total_slots: 2,
      model_alias: 'tiny.gguf',
      model_path: '/models/tiny.gguf',
      default_generation_settings: { n_ctx: 2048 },
    });
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('cleans up and exits 0 on %s, with a stream open', async (signal) => {
    const simulation = simulate('');
    await simulation.ready();
    const answer = await simulation.chat('stall');
    simulation.child.kill(signal);
    await simulation.line(/cleaning up before exit/);
    expect(await simulation.exited).toEqual([0, null]);
    await expect(answer.text()).rejects.toThrow();
  });

  it('dies of a signal while it loads', async () => {
    const simulation = simulate('--fault never-ready');
    await simulation.line(/loading model/);
    simulation.child.kill('SIGTERM');
    expect(await simulation.exited).toEqual([null, 'SIGTERM']);
  });

  it('goes on after SIGTERM under ignore-sigterm', async () => {
    const simulation = simulate('--fault ignore-sigterm');
    const url = await simulation.ready();
    simulation.child.kill('SIGTERM');
    simulation.child.kill('SIGINT');
    expect((await fetch(`${url}/health`)).status).toBe(200);
    simulation.child.kill('SIGKILL');
    expect(await simulation.exited).toEqual([null, 'SIGKILL']);
  });

  it.each([
    ['crash', [1, null]],
    ['kill', [null, 'SIGKILL']],
  ])('dies in the middle of an answer under %s', async (fault, exit) => {
    const simulation = simulate('');
    await simulation.ready();
    const answer = await simulation.chat(`${fault}@2`);
    await expect(answer.text()).rejects.toThrow();
    expect(await simulation.exited).toEqual(exit);
  });

  it('exits with 1 under exit-at-load and where the port is taken', async () => {
    expect(await simulate('--fault exit-at-load').exited).toEqual([1, null]);
    const first = simulate('');
    const { port } = new URL(await first.ready());
    const second = simulate(`--port ${port}`);
    await second.line(/couldn't bind HTTP server socket/);
    expect(await second.exited).toEqual([1, null]);
  });

  it('leaves a grandchild that keeps its output open', async () => {
    const simulation = simulate('--fault grandchild');
    let closed = false;
    simulation.child.once('close', () => {
      closed = true;
    });
    await simulation.ready();
    simulation.child.kill('SIGTERM');
    await simulation.exited;
    expect(closed).toBe(false);
    simulation.child.stdout?.resume();
    simulation.child.stderr?.resume();
    const close = once(simulation.child, 'close');
    simulation.end();
    await close;
  });

  it('refuses a fault that it does not know, with exit code 2', async () => {
    const simulation = simulate('--fault no-such');
    await simulation.line(/unknown fault "no-such"/);
    expect((await simulation.exited)[0]).toBe(2);
  });
});
