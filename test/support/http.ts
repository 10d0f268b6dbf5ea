/** A client that shows everything: duplicate header fields, every read of a stream, how a connection ended. */
import { type IncomingMessage, type OutgoingHttpHeaders, request as requestHttp } from 'node:http';
import type { ErrorEnvelope } from '../../src/protocol/error.js';
import { atEnd } from './ending.js';

export interface SendOptions {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  /** Anything but text and bytes is sent as JSON. */
  readonly body?: unknown;
}

/** An answer whose head has come. */
export class Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  /** How it ended: complete, or with a broken connection. */
  readonly ended: Promise<'complete' | 'cut'>;
  readonly #message: IncomingMessage;
  readonly #parts: Buffer[] = [];
  readonly #waiting = new Set<() => void>();
  #end: 'complete' | 'cut' | undefined;

  constructor(message: IncomingMessage) {
    this.#message = message;
    this.status = message.statusCode ?? 0;
    this.headers = message.headers;
    this.rawHeaders = message.rawHeaders;
    message.on('data', (part: Buffer) => {
      this.#parts.push(part);
      this.#tell();
    });
    // `close` tells the rest.
    message.on('error', () => {});
    this.ended = new Promise((resolve) => {
      message.once('close', () => {
        this.#end = message.complete ? 'complete' : 'cut';
        resolve(this.#end);
        this.#tell();
      });
    });
  }

  /** What has come so far. */
  get bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }

  get text(): string {
    return this.bytes.toString('utf8');
  }

  json<T = Record<string, unknown>>(): T {
    return JSON.parse(this.text) as T;
  }

  /** Of an error in the OpenAI envelope. */
  get error(): ErrorEnvelope['error'] {
    return this.json<ErrorEnvelope>().error;
  }

  /** The payloads of `data:` lines so far, unparsed. */
  get events(): string[] {
    const lines = this.text.split('\n').filter((line) => line.startsWith('data: '));
    return lines.map((line) => line.slice('data: '.length).trimEnd());
  }

  /** Resolves as soon as what has come contains `text`; rejects where the answer ends without it. */
  async until(text: string): Promise<void> {
    while (!this.text.includes(text)) {
      if (this.#end) throw new Error(`the answer ended (${this.#end}) without ${JSON.stringify(text)}:\n${this.text}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Every value that was sent for a field, each by itself. */
  values(name: string): string[] {
    return this.rawHeaders.filter((_, at) => at % 2 === 1 && this.rawHeaders[at - 1]?.toLowerCase() === name);
  }

  /** Closes the connection. */
  leave(): void {
    this.#message.destroy();
  }

  #tell(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

export interface Sending {
  /** Rejects where no head comes. */
  readonly head: Promise<Answer>;
  /** Closes the connection. */
  leave(): void;
}

/** Sends a request on a connection of its own. */
export function begin(url: string, options: SendOptions = {}): Sending {
  const { body, headers = {}, method = body === undefined ? 'GET' : 'POST' } = options;
  const bytes = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const length = bytes === undefined ? {} : { 'content-length': Buffer.byteLength(bytes) };
  const request = requestHttp(url, {
    method,
    agent: false,
    headers: { 'content-type': 'application/json', ...length, ...headers },
  });
  atEnd(() => request.destroy());
  const head = new Promise<Answer>((resolve, reject) => {
    request.once('response', (message) => resolve(new Answer(message)));
    request.on('error', reject);
  });
  head.catch(() => {});
  request.end(bytes);
  return { head, leave: () => request.destroy() };
}

/** As soon as the head is there. */
export function open(url: string, options: SendOptions = {}): Promise<Answer> {
  return begin(url, options).head;
}

/** When the whole answer is there. Rejects where it is cut. */
export async function send(url: string, options: SendOptions = {}): Promise<Answer> {
  const answer = await open(url, options);
  if ((await answer.ended) === 'cut') throw new Error(`the answer was cut:\n${answer.text}`);
  return answer;
}
