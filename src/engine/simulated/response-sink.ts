/** An answer of the simulated core on its way into an HTTP response, ended as its ending asks. */
import type { ServerResponse } from 'node:http';
import type { AnswerHead, AnswerSink, Flow } from '../engine.js';
import type { Ending } from './ending.js';

export class ResponseSink implements AnswerSink {
  readonly #response: ServerResponse;
  #stream = false;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  head({ status, headers }: AnswerHead, flow: Flow): void {
    this.#stream = headers['content-type'] === 'text/event-stream';
    // llama-server closes the connection after every error.
    if (status >= 400) this.#response.setHeader('connection', 'close');
    this.#response.writeHead(status, headers);
    this.#response.on('drain', () => flow.resume());
  }

  chunk(bytes: Buffer): boolean {
    return this.#response.write(bytes);
  }

  /** Ends the response. `crash` and `kill` are the process's, not the connection's. */
  end(ending: Ending): void {
    const { socket } = this.#response;
    if (ending === 'complete') {
      // After a stream llama-server closes the connection although it has promised to keep it.
      if (this.#stream) this.#response.once('finish', () => socket?.end());
      this.#response.end();
    } else if (ending === 'reset') socket?.resetAndDestroy();
    else socket?.destroySoon();
  }
}
