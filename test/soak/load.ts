/** The clients: so many at once, each with one request after the other, drawn from a mix by a seeded chance. */
import { Pool } from 'undici';
import { type Random, seededRandom } from '../../src/base/random.js';

export interface LoadOptions {
  readonly url: string;
  readonly clients: number;
  readonly seed: number;
  /** Tokens of an answer: long ones are for streaming, short ones for many requests. */
  readonly tokens: number;
}

/** - `left`: a stream whose client leaves in its middle, or a JSON answer whose client does not wait for it */
export type Kind = 'json' | 'stream' | 'left stream' | 'left json';

const MIX: readonly (readonly [Kind, number])[] = [
  ['json', 0.45],
  ['stream', 0.4],
  ['left stream', 0.1],
  ['left json', 0.05],
];

const FAILURES_KEPT_MAX = 10;

export class Load {
  readonly #options: LoadOptions;
  readonly #pool: Pool;
  readonly #random: Random;
  readonly #running: Promise<unknown>[];
  readonly counts: Record<Kind, number> = { json: 0, stream: 0, 'left stream': 0, 'left json': 0 };
  /** Requests that the gateway must have had: one whose client left may have been left before it was sent. */
  readonly accepted = new Set<string>();
  /** The first things that went wrong. */
  readonly failures: string[] = [];
  failed = 0;
  #left: number;
  #stopped = false;
  #asked = 0;

  /** Begins at once, and ends after `requests` or with `stop`. */
  constructor(options: LoadOptions, requests: number) {
    this.#options = options;
    this.#left = requests;
    this.#random = seededRandom(options.seed);
    this.#pool = new Pool(options.url, { connections: options.clients, pipelining: 1 });
    this.#running = Array.from({ length: options.clients }, () => this.#client());
  }

  /** Requests that have ended, whatever came of them. */
  get done(): number {
    return Object.values(this.counts).reduce((sum, count) => sum + count, 0);
  }

  /** Resolves when every client is through. */
  async ended(): Promise<void> {
    await Promise.all(this.#running);
    await this.#pool.close();
  }

  stop(): void {
    this.#stopped = true;
  }

  async #client(): Promise<void> {
    while (!this.#stopped && this.#left > 0) {
      this.#left -= 1;
      const kind = this.#draw();
      try {
        await this.#ask(kind);
      } catch (error) {
        this.failed += 1;
        if (this.failures.length < FAILURES_KEPT_MAX) this.failures.push(`${kind}: ${String(error)}`);
      }
      this.counts[kind] += 1;
    }
  }

  #draw(): Kind {
    let luck = this.#random();
    for (const [kind, share] of MIX) {
      luck -= share;
      if (luck < 0) return kind;
    }
    return 'json';
  }

  async #ask(kind: Kind): Promise<void> {
    const stream = kind.endsWith('stream');
    const leaving = new AbortController();
    const id = `soak-${this.#asked++}`;
    const messages = [{ role: 'user', content: `hello ${Math.floor(this.#random() * 1000)}` }];
    const body = JSON.stringify({ model: 'sim', stream, max_tokens: this.#options.tokens, messages });
    const sent = this.#pool.request({
      method: 'POST',
      path: '/v1/chat/completions',
      headers: { 'content-type': 'application/json', 'x-request-id': id },
      body,
      signal: leaving.signal,
    });
    if (kind === 'left json') {
      setTimeout(() => leaving.abort(), this.#random() * 5);
      await sent.then(({ body: answer }) => answer.text()).catch(ignoreIfLeft(leaving));
      return;
    }
    const answer = await sent;
    this.accepted.add(id);
    if (answer.statusCode !== 200) throw new Error(`${answer.statusCode}: ${await answer.body.text()}`);
    let text = '';
    try {
      for await (const part of answer.body) {
        text += part;
        if (kind === 'left stream') leaving.abort();
      }
    } catch (error) {
      ignoreIfLeft(leaving)(error);
      return;
    }
    const end = stream ? 'data: [DONE]\n\n' : '}';
    if (!text.endsWith(end)) throw new Error(`it ends with ${JSON.stringify(text.slice(-100))}`);
  }
}

function ignoreIfLeft(leaving: AbortController): (error: unknown) => void {
  return (error) => {
    if (!leaving.signal.aborted) throw error;
  };
}
