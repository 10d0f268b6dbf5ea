/** A network between readers and the server that cuts connections, also in the middle of a message, and holds them up. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Dice } from '../crash/dice.js';
import { atEnd } from '../support/ending.js';

const TICK_MS = 50;
/** Shares of the connections, for each tick. */
const CUTS = 0.015;
const STALLS = 0.02;
/** Of everything at once, for each tick. */
const BLACKOUT = 0.004;
const STALL_MS = [20, 600] as const;

/** One connection, on both of its sides. */
class Link {
  readonly #client: Socket;
  readonly #server: Socket;
  #isStalled = false;
  #isDoomed = false;

  constructor(client: Socket, target: URL, over: () => void) {
    this.#client = client;
    this.#server = connect(Number(target.port), target.hostname);
    this.#carry(client, this.#server, over);
    this.#carry(this.#server, client, over);
  }

  /** At once: what is on its way is lost. */
  cut(): void {
    this.#client.resetAndDestroy();
    this.#server.resetAndDestroy();
  }

  /** In the middle of what the server says next. */
  doom(): void {
    this.#isDoomed = true;
  }

  stall(forMs: number): void {
    if (this.#isStalled) return;
    this.#isStalled = true;
    this.#client.pause();
    this.#server.pause();
    setTimeout(() => {
      this.#isStalled = false;
      this.#goOn(this.#client, this.#server);
      this.#goOn(this.#server, this.#client);
    }, forMs).unref();
  }

  #carry(from: Socket, to: Socket, over: () => void): void {
    from.setNoDelay(true);
    from.on('error', () => {});
    from.on('data', (bytes) => this.#pass(bytes, from, to));
    to.on('drain', () => this.#goOn(from, to));
    from.once('end', () => to.end());
    from.once('close', () => {
      to.destroy();
      over();
    });
  }

  #pass(bytes: Buffer, from: Socket, to: Socket): void {
    if (this.#isDoomed && from === this.#server) {
      to.end(bytes.subarray(0, Math.floor(bytes.length / 2)));
      from.destroy();
      return;
    }
    if (!to.write(bytes)) from.pause();
  }

  #goOn(from: Socket, to: Socket): void {
    if (!this.#isStalled && !to.writableNeedDrain) from.resume();
  }
}

export class BadNetwork {
  readonly #server: Server;
  readonly #dice: Dice;
  readonly #links = new Set<Link>();
  #target: URL;
  #weather: NodeJS.Timeout | undefined;
  readonly counts = { connections: 0, cut: 0, 'cut in the middle of a message': 0, stalled: 0, blackouts: 0 };

  static async to(target: string, dice: Dice): Promise<BadNetwork> {
    const network = new BadNetwork(target, dice);
    await new Promise<void>((resolve) => network.#server.listen(0, '127.0.0.1', resolve));
    atEnd(() => {
      network.calm();
      for (const link of network.#links) link.cut();
      network.#server.close();
    });
    return network;
  }

  private constructor(target: string, dice: Dice) {
    this.#target = new URL(target);
    this.#dice = dice;
    this.#server = createServer((client) => {
      this.counts.connections += 1;
      const link: Link = new Link(client, this.#target, () => this.#links.delete(link));
      this.#links.add(link);
    });
  }

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  }

  /** From now on, new connections go there. */
  redirect(target: string): void {
    this.#target = new URL(target);
  }

  rage(): void {
    this.#weather ??= setInterval(() => this.#tick(), TICK_MS);
  }

  calm(): void {
    clearInterval(this.#weather);
    this.#weather = undefined;
  }

  #tick(): void {
    const isBlackout = this.#dice.chance(BLACKOUT);
    if (isBlackout) this.counts.blackouts += 1;
    for (const link of this.#links) {
      if (isBlackout) link.cut();
      else if (this.#dice.chance(CUTS)) this.#cut(link);
      else if (this.#dice.chance(STALLS)) {
        this.counts.stalled += 1;
        link.stall(this.#dice.between(...STALL_MS));
      }
    }
  }

  #cut(link: Link): void {
    if (this.#dice.chance(0.5)) {
      this.counts.cut += 1;
      link.cut();
    } else {
      this.counts['cut in the middle of a message'] += 1;
      link.doom();
    }
  }
}
