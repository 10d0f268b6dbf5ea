import { describe, expect, it } from 'vitest';
import { hostOf, isLoopback, listenAddress } from '../../src/gateway/listen-address.js';

const CLOSED = { hasKeys: false, insecure: false };
const KEYS = { hasKeys: true, insecure: false };
const INSECURE = { hasKeys: false, insecure: true };

describe('the listen address', () => {
  it.each([
    [':8081', CLOSED, '127.0.0.1', true],
    [':8081', KEYS, '0.0.0.0', false],
    [':8081', INSECURE, '0.0.0.0', false],
    ['127.0.0.1:8081', CLOSED, '127.0.0.1', true],
    ['127.0.0.1:8081', KEYS, '127.0.0.1', true],
    ['127.8.9.1:8081', CLOSED, '127.8.9.1', true],
    ['localhost:8081', CLOSED, 'localhost', true],
    ['[::1]:8081', CLOSED, '::1', true],
    ['[::1]:8081', INSECURE, '::1', true],
    ['0.0.0.0:8081', KEYS, '0.0.0.0', false],
    ['[::]:8081', INSECURE, '::', false],
    ['192.168.1.7:8081', KEYS, '192.168.1.7', false],
    ['box.local:8081', INSECURE, 'box.local', false],
  ])('of %s with %o is host %s, loopback: %s', (addr, policy, host, loopback) => {
    expect(listenAddress(addr, policy)).toEqual({ host, port: 8081, loopback });
  });

  it.each(['0.0.0.0:8081', '[::]:8081', '192.168.1.7:8081', 'box.local:8081', '127.0.0.1.example:8081'])(
    'is refused for %s without keys, with what to do about it',
    (addr) => {
      expect(() => listenAddress(addr, CLOSED)).toThrowError(
        expect.objectContaining({ code: 'configuration', hint: expect.stringContaining('server.api_keys') }),
      );
    },
  );

  it.each(['', '8081', 'localhost', '::1:8081', 'host:', 'host:65536', 'host:123456', 'http://host:1', 'host:1/x'])(
    'cannot be %j',
    (addr) => {
      expect(() => listenAddress(addr, KEYS)).toThrowError(expect.objectContaining({ code: 'configuration' }));
    },
  );

  it('takes port 0 and port 65535', () => {
    expect(listenAddress('127.0.0.1:0', CLOSED).port).toBe(0);
    expect(listenAddress('127.0.0.1:65535', CLOSED).port).toBe(65_535);
  });
});

describe('a host', () => {
  it.each(['localhost', 'LocalHost', 'gollama.localhost', '::1', '127.0.0.1', '127.1.2.3'])(
    '%s is loopback',
    (host) => {
      expect(isLoopback(host)).toBe(true);
    },
  );

  it.each(['', 'localhost.example', 'notlocalhost', '127.0.0.1.example', '127.0.0', '10.0.0.1', '::', '::2'])(
    '%j is not loopback',
    (host) => {
      expect(isLoopback(host)).toBe(false);
    },
  );

  it.each([
    ['localhost:8081', 'localhost'],
    ['localhost', 'localhost'],
    ['[::1]:8081', '::1'],
    ['[::1]', '::1'],
    ['evil.example:80', 'evil.example'],
  ])('is taken from %s as %s', (authority, host) => {
    expect(hostOf(authority)).toBe(host);
  });
});
