/**
 * One connection for each request in flight, kept alive between them: so it is known which request had to open one, and
 * no pool makes requests wait where nobody sees it.
 */
import { Client } from 'undici';

export interface Connection {
  readonly client: Client;
  /** True where it is open already. */
  isOpen: boolean;
}

export interface ConnectionOptions {
  readonly origin: string;
  /** Time to get a connection. */
  readonly connectTimeoutMs: number;
}

/** Longer than a slow open loop needs between two requests; servers close earlier by themselves. */
const KEEP_ALIVE_MS = 60_000;

export class Connections {
  readonly #options: ConnectionOptions;
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();
  #reuses = true;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** An idle connection, the one used last first, or a new one that opens with its first request. */
  take(): Connection {
    return this.#idle.pop() ?? this.#create();
  }

  /** A new one, whatever is idle. */
  fresh(): Connection {
    return this.#create();
  }

  give(connection: Connection): void {
    if (this.#reuses) {
      this.#idle.push(connection);
      return;
    }
    this.#all.delete(connection);
    void connection.client.destroy();
  }

  /** The server closes connections that it promised to keep: from now on each request opens its own. */
  stopReusing(): void {
    this.#reuses = false;
    for (const connection of this.#idle.splice(0)) this.give(connection);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#all].map(({ client }) => client.destroy()));
    this.#all.clear();
    this.#idle.length = 0;
  }

  #create(): Connection {
    const client = new Client(this.#options.origin, {
      pipelining: 1,
      // The client's own patience would cut slow models; ours is per request.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      connect: { timeout: this.#options.connectTimeoutMs },
    });
    const connection: Connection = { client, isOpen: false };
    client.on('connect', () => {
      connection.isOpen = true;
    });
    client.on('disconnect', () => {
      connection.isOpen = false;
    });
    this.#all.add(connection);
    return connection;
  }
}
