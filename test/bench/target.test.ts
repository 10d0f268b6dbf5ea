import { describe, expect, it } from 'vitest';
import { serverOf } from '../../bench/target.js';

describe('the address of a target', () => {
  it.each([
    ['http://host:8090', 'http://host:8090'],
    ['http://host:8090/', 'http://host:8090'],
    ['http://host:8090/v1', 'http://host:8090'],
    ['http://host:8090/v1/', 'http://host:8090'],
    ['https://host/prefix/v1', 'https://host/prefix'],
    ['host:8090', 'http://host:8090'],
    [':8090', 'http://127.0.0.1:8090'],
    ['[::1]:8090', 'http://[::1]:8090'],
  ])('%s is that of %s', (written, server) => {
    expect(serverOf(written)).toBe(server);
  });

  it.each(['ftp://host', 'http://', 'http://host/?key=1', 'http://user:secret@host'])('%s is refused', (written) => {
    expect(() => serverOf(written)).toThrow(expect.objectContaining({ code: 'usage' }));
  });

  it('does not tell the password that stood in it', () => {
    expect(() => serverOf('http://user:secret@host')).toThrow(/^(?!.*secret)/);
  });
});
