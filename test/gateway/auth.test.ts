import { createHash } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { type ApiKey, Authenticator } from '../../src/gateway/auth.js';

const { timingSafeEqual } = vi.hoisted(() => ({ timingSafeEqual: vi.fn() }));
vi.mock('node:crypto', async (original) => {
  const crypto = await original<typeof import('node:crypto')>();
  return { ...crypto, timingSafeEqual: timingSafeEqual.mockImplementation(crypto.timingSafeEqual) };
});

const key = (name: string, secret: string, limits: Partial<ApiKey> = {}): ApiKey => ({
  name,
  sha256: createHash('sha256').update(secret).digest('hex'),
  admin: false,
  maxPriority: undefined,
  maxConcurrency: undefined,
  ...limits,
});
const auth = new Authenticator([key('one', 'sk-one', { maxPriority: 5 }), key('two', 'sk-two', { admin: true })]);

describe('the authenticator', () => {
  it('lets anybody in where no keys are set', () => {
    const open = new Authenticator([]);
    expect(open.required).toBe(false);
    expect(open.authenticate({ authorization: 'Bearer whatever' })).toMatchObject({ name: 'anybody', admin: true });
  });

  it.each([
    [{ authorization: 'Bearer sk-one' }, 'one'],
    [{ authorization: 'bearer   sk-two ' }, 'two'],
    [{ 'x-api-key': 'sk-one' }, 'one'],
    [{ 'api-key': 'sk-two' }, 'two'],
    [{ 'api-key': ['sk-two', 'sk-one'] }, 'two'],
    [{ authorization: 'Basic c2stb25l', 'x-api-key': 'sk-one' }, 'one'],
  ])('takes %o as the key of "%s"', (headers, name) => {
    expect(auth.authenticate(headers as never).name).toBe(name);
  });

  it('tells what the key allows, and not the key', () => {
    expect(auth.authenticate({ 'x-api-key': 'sk-one' })).toEqual({
      name: 'one',
      admin: false,
      maxPriority: 5,
      maxConcurrency: undefined,
    });
  });

  it.each([
    ['no key', {}],
    ['an unknown key', { authorization: 'Bearer sk-three' }],
    ['half a key', { authorization: 'Bearer sk-on' }],
    ['a key with more behind it', { authorization: 'Bearer sk-one sk-two' }],
    ['another scheme', { authorization: 'Basic sk-one' }],
    ['an empty key', { 'x-api-key': '' }],
    ['the hash of a key', { 'x-api-key': createHash('sha256').update('sk-one').digest('hex') }],
  ])('refuses %s', (_what, headers) => {
    expect(() => auth.authenticate(headers)).toThrowError(expect.objectContaining({ code: 'unauthorized' }));
  });

  it('compares every key in constant time, whichever is right', () => {
    for (const given of ['sk-one', 'sk-two', 'x'.repeat(10_000)]) {
      timingSafeEqual.mockClear();
      try {
        auth.authenticate({ 'x-api-key': given });
      } catch {
        // The last one is unknown.
      }
      expect(timingSafeEqual.mock.calls.map(([known, sent]) => [known.length, sent.length])).toEqual([
        [32, 32],
        [32, 32],
      ]);
    }
  });

  it('does not repeat the key in its error', () => {
    expect(() => auth.authenticate({ 'x-api-key': 'sk-secret' })).toThrowError(/^((?!sk-secret).)*$/);
  });
});
