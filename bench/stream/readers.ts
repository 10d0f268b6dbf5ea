/** Any number of readers in this process. */
import type { Socket } from 'node:net';
import { monotonicUs } from '../mock/monotonic.js';
import { ascending, quantile } from '../statistics/quantile.js';
import { handshake } from './handshake.js';
import type { Figures, ReaderGroup, ReaderOrder } from './measurement.js';
import { openReader } from './reader-socket.js';
import type { Contestant } from './steps.js';

const CONNECTING_MAX = 128;
/** So many look at stamps, for all. */
const WATCHFUL_MAX = 100;

export class Readers {
  readonly #sockets: Socket[] = [];
  #delaysUs: number[] = [];
  #records = 0;
  #lastUs = 0;
  #ended = 0;
  #wake = () => {};

  async obey(order: ReaderOrder): Promise<Figures> {
    switch (order.kind) {
      case 'connect':
        await this.#connect(order.contestant, order.port, order.groups);
        return { connected: this.#sockets.length };
      case 'stall':
        for (const socket of this.#sockets.slice(0, order.readers)) socket.pause();
        return {};
      case 'count':
        return this.#count(order.records);
    }
  }

  async #connect(contestant: Contestant, port: number, groups: readonly ReaderGroup[]): Promise<void> {
    const channels = groups.flatMap(({ channel, readers }) => Array.from({ length: readers }, () => channel));
    const everyNth = Math.ceil(channels.length / WATCHFUL_MAX);
    let begun = 0;
    const connector = async () => {
      while (begun < channels.length) {
        const at = begun++;
        const delayUs = at % everyNth === 0 ? (us: number) => void this.#delaysUs.push(us) : undefined;
        const words = handshake(contestant, port, channels[at] ?? '');
        this.#sockets[at] = await openReader(port, words, { records: this.#hear, delayUs }, () => {
          this.#ended += 1;
          this.#wake();
        });
      }
    };
    await Promise.all(Array.from({ length: CONNECTING_MAX }, connector));
  }

  async #count(wanted: number): Promise<Figures> {
    while (this.#records < wanted && this.#ended === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    if (this.#records !== wanted)
      throw new Error(`${this.#records} records came of ${wanted}, ${this.#ended} readers ended`);
    const delaysUs = ascending(this.#delaysUs);
    this.#delaysUs = [];
    this.#records = 0;
    return { delayP50Us: quantile(delaysUs, 0.5), delayP99Us: quantile(delaysUs, 0.99), lastUs: this.#lastUs };
  }

  readonly #hear = (count: number): void => {
    this.#records += count;
    this.#lastUs = monotonicUs();
    this.#wake();
  };
}
