/** Watches a gateway process from outside for what a fault may leave behind in it. */

import type { ServerStatus } from '../../src/protocol/status.js';
import { eventually } from './eventually.js';
import { GollamaProcess, type LogRecord, type ProcessOptions } from './gollama-process.js';
import { send } from './http.js';
import { load } from './load.js';
import { makePlace } from './place.js';

/** What the process holds after a garbage collection. */
export interface Holdings {
  readonly rssBytes: number;
  readonly heapBytes: number;
  readonly externalBytes: number;
  /** TCP connections, idle ones too. */
  readonly connections: number;
  /** What is behind its other open file descriptors. */
  readonly files: readonly string[];
  /** What keeps its event loop alive, by name. */
  readonly handles: Readonly<Record<string, number>>;
}

const PROBE = new URL('holdings-probe.mjs', import.meta.url).href;

export class GatewayWatch {
  readonly gateway: GollamaProcess;
  #idle: Holdings | undefined;

  /** Starts `gollama serve` with this configuration; `name` tells two of them in one place apart. */
  static begin(yaml: string, options: ProcessOptions & { name?: string } = {}): GollamaProcess {
    const { place = makePlace(), name = 'gollama.yaml', ...rest } = options;
    const config = ['-c', place.write(name, yaml), '--port', '0', '--data-dir', place.dataDir, '--log-level', 'debug'];
    const env = { ...rest.env, NODE_OPTIONS: `--import ${PROBE}` };
    return GollamaProcess.start(['serve', ...config], { ...rest, place, env });
  }

  /** When its engines were started, or could not be. */
  static async over(gateway: GollamaProcess): Promise<GatewayWatch> {
    await gateway.ready();
    const watch = new GatewayWatch(gateway);
    watch.#idle = await watch.holdings();
    return watch;
  }

  static serve(yaml: string, options: ProcessOptions = {}): Promise<GatewayWatch> {
    return GatewayWatch.over(GatewayWatch.begin(yaml, options));
  }

  private constructor(gateway: GollamaProcess) {
    this.gateway = gateway;
  }

  get url(): string {
    return this.gateway.url;
  }

  /** What it held before the first request. */
  get idle(): Holdings {
    if (!this.#idle) throw new Error('not measured yet');
    return this.#idle;
  }

  async status(): Promise<ServerStatus> {
    return (await send(`${this.url}/api/status`)).json();
  }

  async holdings(): Promise<Holdings> {
    const told = () => this.gateway.records.filter(({ msg }) => msg === 'holdings');
    const before = told().length;
    this.gateway.signal('SIGUSR2');
    const record = await eventually('the gateway tells what it holds', () => told()[before]);
    return record as unknown as Holdings;
  }

  /** Resolves when every slot is free and nobody waits. */
  async atRest(): Promise<void> {
    let seen: unknown;
    try {
      await eventually('slots free, queue empty', async () => {
        const status = await this.status();
        seen = status.engines;
        const quiet = status.engines.every((engine) => engine.slots_busy + engine.slots_quarantined === 0);
        return quiet && status.waiting_interactive === 0;
      });
    } catch (cause) {
      throw new Error(`not at rest: ${JSON.stringify(seen)}`, { cause });
    }
  }

  /** Resolves when so many slots are taken. */
  async atWork(slots: number): Promise<void> {
    await eventually(`${slots} slots are taken`, async () => load(await this.status()).running === slots);
  }

  /** The lines of the log that say how a request ended. There must be one. */
  ends(request: string): readonly LogRecord[] {
    return this.gateway.records.filter((record) => record.request === request && record.outcome !== undefined);
  }

  /** How a request ended, as soon as the log tells it. */
  async end(request: string): Promise<LogRecord> {
    return eventually(`request ${request} ends in the log`, () => this.ends(request)[0]);
  }

  /**
   * What it holds when its connections are closed, but for some that may be left from its own looks at the engines.
   * Rejects where it is more than before the first request.
   */
  async backToIdle(connectionsMax = 0): Promise<Holdings> {
    const look = async () => {
      const holdings = await this.holdings();
      return holdings.connections <= connectionsMax ? holdings : undefined;
    };
    const now = await eventually('no connection is open', look, { everyMs: 100 });
    const more = [...excess(countsOf(now.files), countsOf(this.idle.files)), ...excess(now.handles, this.idle.handles)];
    if (more.length > 0) throw new Error(`it holds more than before: ${more.join(', ')}`);
    return now;
  }
}

function countsOf(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

function excess(now: Readonly<Record<string, number>>, before: Readonly<Record<string, number>>): string[] {
  const grown = Object.entries(now).filter(([name, count]) => count > (before[name] ?? 0));
  return grown.map(([name, count]) => `${count} ${name} (${before[name] ?? 0} before)`);
}
