/** Where the server may listen, and for whom. Pure. */
import { GollamaError } from '../base/errors.js';
import { parseAddress } from '../config/address.js';
import type { ServerConfig } from '../config/config.js';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  /** True where only this machine can reach it. */
  readonly loopback: boolean;
}

export interface ListenPolicy {
  readonly hasKeys: boolean;
  /** The user wants to be reached from elsewhere without keys. */
  readonly insecure: boolean;
}

/**
 * Reads `host:port`, `:port` or `[v6]:port`.
 * 1. An address without a host is loopback, unless keys are set or the user said `insecure`: then it is every interface.
 * 2. A host beyond loopback needs keys or `insecure`.
 */
export function listenAddress(addr: string, policy: ListenPolicy): ListenAddress {
  const address = parseAddress(addr);
  if (address === undefined) {
    throw new GollamaError('configuration', `server.addr: "${addr}" is no address: expected host:port or :port`);
  }
  const open = policy.hasKeys || policy.insecure;
  const { host, port } = address;
  if (host === undefined) return { host: open ? '0.0.0.0' : '127.0.0.1', port, loopback: !open };
  const loopback = isLoopback(host);
  if (!loopback && !open) {
    throw new GollamaError(
      'configuration',
      `server.addr: ${addr} can be reached from other machines, without any key`,
      {
        hint: 'set server.api_keys, or server.insecure: true if anybody may use it, or listen on 127.0.0.1',
      },
    );
  }
  return { host, port, loopback };
}

/** As the configuration has it. Throws `configuration`. */
export function listenAddressOf({ addr, apiKeys, insecure }: ServerConfig): ListenAddress {
  return listenAddress(addr, { hasKeys: apiKeys.length > 0, insecure });
}

export function isLoopback(host: string): boolean {
  return /^(.+\.)?localhost$/i.test(host) || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** The host part of a `Host` header or of an origin's authority. */
export function hostOf(authority: string): string {
  return authority.startsWith('[') ? authority.slice(1, authority.indexOf(']')) : authority.replace(/:\d*$/, '');
}
