import { describe, expect, it } from 'vitest';
import { guardAgainstPages } from '../../src/gateway/browser-guard.js';

const TRUSTING = { trustsLoopback: true, corsOrigins: ['https://app.example'] };
const refused = expect.objectContaining({ code: 'forbidden' });

describe('the guard against pages', () => {
  it.each(['127.0.0.1:8081', 'localhost:8081', 'localhost', 'LOCALHOST:8081', '[::1]:8081', '[::1]', 'x.localhost:1'])(
    'lets a request to %s pass',
    (host) => {
      expect(() => guardAgainstPages({ host }, TRUSTING)).not.toThrow();
    },
  );

  it('lets a request without Host and Origin pass: no browser sends one', () => {
    expect(() => guardAgainstPages({}, TRUSTING)).not.toThrow();
  });

  it.each([
    'evil.example',
    'evil.example:8081',
    '127.0.0.1.evil.example:8081',
    'localhost.evil.example',
    '0.0.0.0:8081',
    '',
  ])('refuses a request to %j: a name that a page has pointed here', (host) => {
    expect(() => guardAgainstPages({ host }, TRUSTING)).toThrowError(refused);
  });

  it.each(['http://localhost:3000', 'http://127.0.0.1:5173', 'https://[::1]:8443', 'https://app.example'])(
    'lets pages of %s call',
    (origin) => {
      expect(() => guardAgainstPages({ host: 'localhost:8081', origin }, TRUSTING)).not.toThrow();
    },
  );

  it.each([
    'https://evil.example',
    'https://app.example.evil.example',
    'http://app.example',
    'https://app.example:8443',
    'http://localhost.evil.example:3000',
    'null',
    'file://',
    'chrome-extension://abc',
    '',
  ])('refuses pages of %j', (origin) => {
    expect(() => guardAgainstPages({ host: 'localhost:8081', origin }, TRUSTING)).toThrowError(refused);
  });

  it('lets pages of every origin call where the user says so, but not by another name', () => {
    const options = { ...TRUSTING, corsOrigins: ['*'] };
    expect(() => guardAgainstPages({ host: 'localhost', origin: 'https://any.example' }, options)).not.toThrow();
    expect(() => guardAgainstPages({ host: 'any.example' }, options)).toThrowError(refused);
  });

  it('leaves requests alone where keys or other machines are allowed for', () => {
    const headers = { host: 'any.example', origin: 'https://evil.example' };
    expect(() => guardAgainstPages(headers, { trustsLoopback: false, corsOrigins: [] })).not.toThrow();
  });
});
