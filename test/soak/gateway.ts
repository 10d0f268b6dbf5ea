/** The gateway under test, and its engine: processes, of whose logs only the counts are kept. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { ServerStatus } from '../../src/protocol/status.js';
import { atEnd } from '../support/ending.js';
import { eventually } from '../support/eventually.js';
import type { Holdings } from '../support/gateway-watch.js';
import { RUN_JS } from '../support/gollama-process.js';
import { send } from '../support/http.js';
import { makePlace } from '../support/place.js';
import { startSimulate } from '../support/simulate-process.js';

const PROBE = new URL('../support/holdings-probe.mjs', import.meta.url).href;

export class SoakGateway {
  readonly #child: ChildProcess;
  readonly #holdings: Holdings[] = [];
  #url: string | undefined;
  #lastLine = '';
  /** How requests ended, as the log says. */
  readonly outcomes: Record<string, number> = {};
  /** Requests that ended in the log, and how many of them more than once. */
  readonly ended = new Set<string>();
  endedAgain = 0;
  /** Requests whose first attempt failed before the client got anything. */
  retried = 0;

  static async start(options: { slots: number; tokenMs: number }): Promise<SoakGateway> {
    const pace = ['--ttft-ms', '0', '--token-ms', String(options.tokenMs), '--slots', String(options.slots)];
    const simulate = await startSimulate(pace);
    const place = makePlace();
    const config = place.write(
      'gollama.yaml',
      `queue: {wait_timeout: 0s}\nengines: [{kind: openai, name: sim, base_url: "${simulate.url}", models: [sim]}]\n`,
    );
    const args = ['serve', '-c', config, '--port', '0', '--data-dir', place.dataDir];
    const gateway = new SoakGateway(
      spawn(process.execPath, [RUN_JS, ...args], {
        cwd: place.cwd,
        env: { PATH: process.env.PATH, HOME: place.home, NODE_OPTIONS: `--import ${PROBE}` },
        stdio: ['ignore', 'ignore', 'pipe'],
      }),
    );
    atEnd(() => gateway.stop());
    await eventually('the gateway serves', () => gateway.#url !== undefined && gateway.isHealthy());
    return gateway;
  }

  private constructor(child: ChildProcess) {
    this.#child = child;
    if (child.stderr) createInterface({ input: child.stderr }).on('line', (line) => this.#read(line));
  }

  get url(): string {
    return this.#url ?? '';
  }

  async holdings(): Promise<Holdings> {
    const before = this.#holdings.length;
    this.#child.kill('SIGUSR2');
    return eventually('the gateway tells what it holds', () => this.#holdings[before]);
  }

  async isHealthy(): Promise<boolean> {
    if (this.#child.exitCode !== null) throw new Error(`the gateway ended: ${this.#lastLine}`);
    return (await send(`${this.url}/healthz`)).status === 200;
  }

  /** Slots that are taken or lost, and requests that wait. */
  async unrest(): Promise<number> {
    const status: ServerStatus = (await send(`${this.url}/api/status`)).json();
    const slots = status.engines.map((engine) => engine.slots_busy + engine.slots_quarantined);
    return slots.reduce((sum, count) => sum + count, status.waiting_interactive);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await ended;
  }

  #read(line: string): void {
    this.#lastLine = line;
    const [, request, outcome] = line.match(/"request":"([^"]+)".*"outcome":"(\w+)"/) ?? [];
    if (request !== undefined && outcome !== undefined) {
      this.#ended(request, outcome);
      if (/"attempt":[2-9]/.test(line)) this.retried += 1;
    }
    if (line.includes('"msg":"holdings"')) this.#holdings.push(JSON.parse(line) as Holdings);
    else if (line.includes('"msg":"listening on')) this.#url = (JSON.parse(line) as { url: string }).url;
  }

  #ended(request: string, outcome: string): void {
    if (this.ended.has(request)) this.endedAgain += 1;
    this.ended.add(request);
    this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + 1;
  }
}
