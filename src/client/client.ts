/** What commands and programs call: a gollama server, somewhere. */
import type { ServerStatus } from '../protocol/status.js';
import { Transport, type TransportOptions } from './transport.js';

export class Client {
  readonly #transport: Transport;

  constructor(options: TransportOptions) {
    this.#transport = new Transport(options);
  }

  status(): Promise<ServerStatus> {
    return this.#transport.getJson<ServerStatus>('/api/status');
  }
}
