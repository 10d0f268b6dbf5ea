/**
 * Keeps web pages away from a server on loopback that asks nobody for a key. A page of the internet can make its visitor's
 * browser send requests to 127.0.0.1: by its own name, pointed there (DNS rebinding: the Host header tells), or blindly
 * across origins (the Origin header tells).
 */
import type { IncomingHttpHeaders } from 'node:http';
import { GollamaError } from '../base/errors.js';
import { hostOf, isLoopback } from './listen-address.js';

export interface BrowserGuardOptions {
  /** True where the server listens on loopback only and without keys. */
  readonly trustsLoopback: boolean;
  /** Origins whose pages may call, such as `https://app.example`; `*` for all. */
  readonly corsOrigins: readonly string[];
}

/** Throws `forbidden` where the request was made by a page that may not. */
export function guardAgainstPages(headers: IncomingHttpHeaders, options: BrowserGuardOptions): void {
  if (!options.trustsLoopback) return;
  const host = headers.host;
  if (host !== undefined && !isLoopback(hostOf(host))) {
    throw new GollamaError('forbidden', `the Host "${host}" is not this machine`, {
      hint: 'call http://127.0.0.1, or set server.api_keys to be reached by other names',
    });
  }
  const origin = headers.origin;
  if (origin === undefined || allowsOrigin(origin, options.corsOrigins)) return;
  const authority = origin.match(/^https?:\/\/(.+)$/)?.[1];
  if (authority === undefined || !isLoopback(hostOf(authority))) {
    throw new GollamaError('forbidden', `pages of ${origin} may not call this server`, {
      hint: `add "${origin}" to server.cors_origins if they should`,
    });
  }
}

export function allowsOrigin(origin: string, corsOrigins: readonly string[]): boolean {
  return corsOrigins.includes('*') || corsOrigins.includes(origin);
}
