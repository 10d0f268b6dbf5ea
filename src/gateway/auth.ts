/** Who is calling: API keys and what they allow. */
import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { GollamaError } from '../base/errors.js';
import { isSignedWith, readTicket, writeTicket } from './tickets.js';

export interface ApiKey {
  readonly name: string;
  /** SHA-256 of the key, in hex: the key itself is not kept. */
  readonly sha256: string;
  readonly admin: boolean;
  /** Highest priority it may ask for; undefined = any. */
  readonly maxPriority: number | undefined;
  /** Requests it may have running at once; undefined = any number. */
  readonly maxConcurrency: number | undefined;
}

export type Caller = Omit<ApiKey, 'sha256'>;

const NO_DIGEST = Buffer.alloc(32);

/** Who calls where no keys are set. */
const ANYBODY: Caller = { name: 'anybody', admin: true, maxPriority: undefined, maxConcurrency: undefined };

export class Authenticator {
  readonly #keys: readonly { readonly caller: Caller; readonly digest: Buffer }[];

  constructor(keys: readonly ApiKey[]) {
    this.#keys = keys.map(({ sha256, ...caller }) => ({ caller, digest: Buffer.from(sha256, 'hex') }));
  }

  /** True where calls need a key. */
  get required(): boolean {
    return this.#keys.length > 0;
  }

  /** The caller that these headers prove. Throws `unauthorized`. */
  authenticate(headers: IncomingHttpHeaders): Caller {
    if (!this.required) return ANYBODY;
    const key = presentedKey(headers);
    if (key === undefined) {
      throw new GollamaError('unauthorized', 'this server needs an API key: send it as "Authorization: Bearer <key>"');
    }
    const found = this.callerOf(key);
    if (!found) throw new GollamaError('unauthorized', 'the API key is not known here');
    return found;
  }

  /** Whose key it is. */
  callerOf(key: string): Caller | undefined {
    if (!this.required) return ANYBODY;
    const digest = hash('sha256', key, 'buffer');
    // Every key is compared, each in constant time: the time taken tells neither which key nor how much of it is right.
    let found: Caller | undefined;
    for (const known of this.#keys) if (timingSafeEqual(known.digest, digest)) found = known.caller;
    return found;
  }

  /** A ticket with which the caller can read until then, epoch milliseconds. Without keys nobody looks at it. */
  ticketFor(caller: Caller, expiresAtMs: number): string {
    const known = this.#keys.find(({ caller: { name } }) => name === caller.name);
    const claims = { name: caller.name, expiresAtS: Math.ceil(expiresAtMs / 1000) };
    return writeTicket(claims, known?.digest ?? NO_DIGEST);
  }

  /** Whose ticket it is, while it is good. */
  holderOf(ticket: string, nowMs: number): Caller | undefined {
    if (!this.required) return ANYBODY;
    const claims = readTicket(ticket);
    if (!claims || claims.expiresAtS * 1000 < nowMs) return undefined;
    const known = this.#keys.find(({ caller }) => caller.name === claims.name);
    return known && isSignedWith(ticket, known.digest) ? known.caller : undefined;
  }
}

/** As OpenAI clients, Anthropic clients and llama-server's own page send it. */
export function presentedKey(headers: IncomingHttpHeaders): string | undefined {
  const bearer = headers.authorization?.match(/^Bearer\s+(\S+)\s*$/i)?.[1];
  if (bearer !== undefined) return bearer;
  const key = headers['x-api-key'] ?? headers['api-key'];
  return Array.isArray(key) ? key[0] : key;
}
