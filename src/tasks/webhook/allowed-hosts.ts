/**
 * Which hosts a webhook may be sent to. A client names the URL, and this process can reach what the client cannot: so only
 * addresses of the public internet are called, and what the operator has listed.
 */
import { BlockList, isIP } from 'node:net';
import { GollamaError, messageOf } from '../../base/errors.js';

/** IANA's registry of special-purpose IPv4 addresses (RFC 6890), multicast, and what is reserved. */
const SPECIAL_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];
/**
 * All that IANA has given out as global unicast. Loopback, link-local, unique-local and multicast stand outside, and so do the
 * forms that carry an IPv4 address (mapped, compatible, NAT64).
 */
const GLOBAL_IPV6 = ['2000::/3'];
/** Inside of it: IETF protocols with Teredo, documentation, 6to4. */
const SPECIAL_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

// One list a family: an IPv4 address is found in IPv6 networks as well, as its mapped form.
const specialIpv4 = listOf(SPECIAL_IPV4);
const globalIpv6 = listOf(GLOBAL_IPV6);
const specialIpv6 = listOf(SPECIAL_IPV6);

export class AllowedHosts {
  readonly #names = new Set<string>();
  readonly #addresses = { ipv4: new BlockList(), ipv6: new BlockList() };

  /** `entries`: host names, addresses, networks as `10.1.0.0/16`. Throws `configuration` where one is none of these. */
  constructor(entries: readonly string[]) {
    for (const entry of entries) this.#add(entry.trim());
  }

  /** True for a name that was listed: it may stand for any address. */
  hasName(host: string): boolean {
    return this.#names.has(bareName(host));
  }

  /** Whether that address may be called, whoever's it is. */
  hasAddress(address: string): boolean {
    const [bare = ''] = address.split('%');
    if (isIP(bare) === 0) return false;
    const family = familyOf(bare);
    return this.#addresses[family].check(bare, family) || isPublic(bare, family);
  }

  #add(entry: string): void {
    const [address = ''] = entry.split('/');
    if (isIP(address) !== 0) addNetwork(this.#addresses[familyOf(address)], entry);
    else if (/^[\w.-]+$/.test(entry)) this.#names.add(bareName(entry));
    else throw wrongEntry(entry);
  }
}

/** Lower case, without the dot of a name that is complete. */
export function bareName(host: string): string {
  return host.toLowerCase().replace(/\.$/, '');
}

function isPublic(address: string, family: 'ipv4' | 'ipv6'): boolean {
  if (family === 'ipv4') return !specialIpv4.check(address, family);
  return globalIpv6.check(address, family) && !specialIpv6.check(address, family);
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6';
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) addNetwork(list, network);
  return list;
}

function addNetwork(list: BlockList, network: string): void {
  const [address = '', length, ...rest] = network.split('/');
  const family = familyOf(address);
  const bits =
    length === undefined ? (family === 'ipv4' ? 32 : 128) : Number(/^\d+$/.test(length) ? length : Number.NaN);
  if (rest.length > 0) throw wrongEntry(network);
  try {
    list.addSubnet(address, bits, family);
  } catch (thrown) {
    throw wrongEntry(network, thrown);
  }
}

function wrongEntry(entry: string, cause?: unknown): GollamaError {
  const why = cause === undefined ? '' : ` (${messageOf(cause)})`;
  return new GollamaError(
    'configuration',
    `webhooks.allow_hosts: ${JSON.stringify(entry)} is no host and no network${why}`,
    {
      hint: 'write a host name, an address, or a network such as 10.1.0.0/16',
      cause,
    },
  );
}
