import { describe, expect, it } from 'vitest';
import { AllowedHosts } from '../../../src/tasks/webhook/allowed-hosts.js';

const REFUSED = [
  ['this network', '0.0.0.0'],
  ['private, class A', '10.0.0.1'],
  ['carrier-grade NAT', '100.64.0.1'],
  ['carrier-grade NAT, its end', '100.127.255.255'],
  ['loopback', '127.0.0.1'],
  ['loopback elsewhere', '127.8.8.8'],
  ['link-local, where clouds tell secrets', '169.254.169.254'],
  ['private, class B', '172.16.0.1'],
  ['private, class B, its end', '172.31.255.255'],
  ['protocol assignments', '192.0.0.8'],
  ['documentation', '192.0.2.1'],
  ['private, class C', '192.168.1.1'],
  ['benchmarking', '198.19.0.1'],
  ['multicast', '224.0.0.1'],
  ['reserved', '240.0.0.1'],
  ['broadcast', '255.255.255.255'],
  ['unspecified', '::'],
  ['loopback, IPv6', '::1'],
  ['mapped loopback', '::ffff:127.0.0.1'],
  ['mapped loopback in hexadecimal', '::ffff:7f00:1'],
  ['mapped public', '::ffff:8.8.8.8'],
  ['compatible', '::8.8.8.8'],
  ['NAT64', '64:ff9b::7f00:1'],
  ['unique-local', 'fd00::1'],
  ['link-local, IPv6', 'fe80::1'],
  ['link-local with a zone', 'fe80::1%eth0'],
  ['site-local', 'fec0::1'],
  ['multicast, IPv6', 'ff02::1'],
  ['Teredo', '2001:0:1::1'],
  ['documentation, IPv6', '2001:db8::1'],
  ['6to4', '2002:7f00:1::1'],
  ['no address', 'example.org'],
  ['nothing', ''],
] as const;

const PUBLIC = ['8.8.8.8', '1.1.1.1', '100.63.255.255', '100.128.0.1', '172.32.0.1', '2606:4700::1111', '2a00:1450::5'];

describe('the hosts that a webhook may be sent to', () => {
  it.each(REFUSED)('are not %s (%s)', (_what, address) => {
    expect(new AllowedHosts([]).hasAddress(address)).toBe(false);
  });

  it.each(PUBLIC)('are on the public internet: %s', (address) => {
    expect(new AllowedHosts([]).hasAddress(address)).toBe(true);
  });

  it('are what was listed, and not their neighbours', () => {
    const allowed = new AllowedHosts(['10.1.0.0/16', '192.168.7.7', 'fd12::/16', 'Hooks.Internal.']);
    const asked = ['10.1.255.1', '10.2.0.1', '192.168.7.7', '192.168.7.8', 'fd12::9', 'fd13::9'];
    expect(asked.map((address) => allowed.hasAddress(address))).toEqual([true, false, true, false, true, false]);
    expect(['hooks.internal', 'HOOKS.internal.', 'other.internal'].map((name) => allowed.hasName(name))).toEqual([
      true,
      true,
      false,
    ]);
  });

  it.each(['10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0.0/x', 'fd00::/129', 'a b', '', 'http://host'])(
    'cannot be listed as %j',
    (entry) => {
      expect(() => new AllowedHosts([entry])).toThrow(/allow_hosts/);
    },
  );
});
