/** Sends one message to one URL, and to no address that was not checked. */
import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { Agent } from 'undici';
import type { Clock } from '../../base/clock.js';
import { messageOf } from '../../base/errors.js';
import type { AllowedHosts } from './allowed-hosts.js';
import type { Reply } from './verdict.js';
import { urlProblem } from './webhook-url.js';

/** All addresses of a name. */
export type Resolve = (host: string, done: (error: Error | null, addresses: readonly LookupAddress[]) => void) => void;

export interface SenderOptions {
  readonly allowed: AllowedHosts;
  readonly clock: Clock;
  /** From the lookup of the name to the end of the answer. */
  readonly timeoutMs: number;
  /** Default: the system's resolver. */
  readonly resolve?: Resolve | undefined;
}

export interface Message {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Nobody reads what a receiver says. */
const ANSWER_BYTES_MAX = 64 * 1024;

export class Sender {
  readonly #options: SenderOptions;
  readonly #agent: Agent;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#agent = new Agent({
      // A connection serves one message: the next one looks its address up, and checks it, again.
      pipelining: 0,
      // The deadline is ours, over all of it.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout: options.timeoutMs, lookup: checkedLookup(options) },
    });
  }

  /** Never rejects. Redirects are not followed: they would lead past the check of the URL. */
  async send({ url, headers, body }: Message, signal: AbortSignal): Promise<Reply> {
    // The resolver is not asked where the host is an address.
    const problem = urlProblem(url, this.#options.allowed);
    if (problem !== undefined) return { kind: 'refused', reason: `the URL ${problem}` };
    const ended = new AbortController();
    const onAbort = () => ended.abort(signal.reason);
    const { clock, timeoutMs } = this.#options;
    const timer = clock.after(timeoutMs, () => ended.abort(new Error(`no answer within ${timeoutMs} ms`)));
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      return await this.#post(new URL(url), headers, body, ended.signal);
    } catch (thrown) {
      return { kind: 'failed', reason: failureText(thrown) };
    } finally {
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Ends every connection. */
  close(): Promise<void> {
    return this.#agent.destroy();
  }

  async #post(url: URL, headers: Message['headers'], body: string, signal: AbortSignal): Promise<Reply> {
    const answer = await this.#agent.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: 'POST',
      headers,
      body,
      signal,
    });
    // The status has come: what happens to the rest changes nothing.
    await answer.body.dump({ limit: ANSWER_BYTES_MAX, signal }).catch(() => {});
    return { kind: 'answered', status: answer.statusCode, retryAfter: answer.headers['retry-after'] };
  }
}

/** A resolver that knows only addresses that may be called; the connection is made to what it answers. */
function checkedLookup({ allowed, resolve = allAddresses }: SenderOptions): LookupFunction {
  return (host, options, done) => {
    resolve(host, (error, addresses) => {
      if (error) return done(error, []);
      const found = allowed.hasName(host) ? addresses : addresses.filter(({ address }) => allowed.hasAddress(address));
      const [first] = found;
      if (first === undefined) return done(new Error(refusal(host, addresses)), []);
      if (options.all === true) done(null, [...found]);
      else done(null, first.address, first.family);
    });
  };
}

function allAddresses(host: string, done: Parameters<Resolve>[1]): void {
  systemLookup(host, { all: true }, done);
}

function refusal(host: string, addresses: readonly LookupAddress[]): string {
  const list = addresses.map(({ address }) => address).join(', ');
  return `${host} is ${list || 'unknown'}: not on the public internet and not among webhooks.allow_hosts`;
}

/** undici wraps what happened to the connection. */
function failureText(thrown: unknown): string {
  const inner = thrown instanceof AggregateError ? thrown.errors[0] : thrown;
  return messageOf(inner) || 'the connection failed';
}
