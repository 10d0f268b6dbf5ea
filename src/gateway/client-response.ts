/** What an answer is written to: the response of one client (Node's `ServerResponse`), or what stands for several. */
import type { AnswerHeaders } from './respond.js';

export interface ClientResponse {
  readonly headersSent: boolean;
  readonly destroyed: boolean;
  readonly writableNeedDrain: boolean;
  readonly statusCode: number;
  readonly req: { readonly socket: { destroy(): unknown } };
  writeHead(status: number, headers: AnswerHeaders): unknown;
  flushHeaders(): void;
  /** False asks for a pause until `drain`. */
  write(bytes: Buffer | string): boolean;
  end(last?: Buffer | string): unknown;
  /** Breaks it off. */
  destroy(): unknown;
  on(event: 'close' | 'drain', listener: () => void): unknown;
  once(event: 'close' | 'drain', listener: () => void): unknown;
}
