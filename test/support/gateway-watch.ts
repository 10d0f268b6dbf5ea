/** Watches a gateway process from outside for what a fault may leave behind in it. */
import type { ServerStatus } from '../../src/protocol/status.js';
import { eventually } from './eventually.js';
import { GollamaProcess, type LogRecord, type ProcessOptions } from './gollama-process.js';
import { send } from './http.js';

/** What the process holds after a garbage collection. */
export interface Holdings {
  readonly rssBytes: number;
  readonly heapBytes: number;
  readonly externalBytes: number;
  /** Open file descriptors, one of them for looking. */
  readonly fds: number;
  /** What keeps its event loop alive, by name. */
  readonly handles: Readonly<Record<string, number>>;
}

const PROBE = new URL('holdings-probe.mjs', import.meta.url).href;

export class GatewayWatch {
  readonly gateway: GollamaProcess;
  #idle: Holdings | undefined;

  /** Starts `gollama serve` with this configuration, waits until its engines were started, and notes what it holds. */
  static async serve(yaml: string, options: ProcessOptions & { args?: readonly string[] } = {}): Promise<GatewayWatch> {
    const { args = [], env, ...rest } = options;
    const gateway = GollamaProcess.start(['serve', '--port', '0', '--log-level', 'debug', ...args], {
      ...rest,
      env: { ...env, NODE_OPTIONS: `--import ${PROBE}`, GOLLAMA_CONFIG: '/dev/stdin' },
      stdin: yaml,
    });
    await eventually('gollama serves', () => {
      if (gateway.words.length > 0) throw new Error(gateway.told());
      return gateway.records.some(({ msg }) => msg === 'serving');
    });
    const watch = new GatewayWatch(gateway);
    watch.#idle = await watch.#withoutConnections();
    return watch;
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
        return quiet && status.waiting_interactive === 0 && status.workers_active === 0;
      });
    } catch (cause) {
      throw new Error(`not at rest: ${JSON.stringify(seen)}`, { cause });
    }
  }

  /** The lines of the log that say how a request ended. There must be one. */
  ends(request: string): readonly LogRecord[] {
    return this.gateway.records.filter((record) => record.request === request && record.outcome !== undefined);
  }

  /** How a request ended, as soon as the log tells it. */
  async end(request: string): Promise<LogRecord> {
    return eventually(`request ${request} ends in the log`, () => this.ends(request)[0]);
  }

  /** What it holds when every connection is closed. Rejects where it is more than before the first request. */
  async backToIdle(): Promise<Holdings> {
    const now = await this.#withoutConnections();
    const { fds, handles } = this.idle;
    if (now.fds > fds) throw new Error(`${now.fds} open files, ${fds} before`);
    for (const [name, count] of Object.entries(now.handles)) {
      if (count > (handles[name] ?? 0)) throw new Error(`${count} handles ${name}, ${handles[name] ?? 0} before`);
    }
    return now;
  }

  #withoutConnections(): Promise<Holdings> {
    return eventually('no connection is open', async () => {
      const holdings = await this.holdings();
      return holdings.handles.TCPSocketWrap === undefined ? holdings : undefined;
    });
  }
}
