import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Authenticator } from '../../src/gateway/auth.js';

const key = (name: string, text: string) => ({
  name,
  sha256: createHash('sha256').update(text).digest('hex'),
  admin: false,
  maxPriority: undefined,
  maxConcurrency: undefined,
});
const NOW_MS = 1_700_000_000_000;

describe('a ticket', () => {
  const auth = new Authenticator([key('alice', 'secret a'), key('bob · ü', 'secret b')]);
  const bob = auth.callerOf('secret b')!;
  const ticket = auth.ticketFor(bob, NOW_MS + 60_000);

  it('stands for the caller that asked for it, until its time is over', () => {
    expect(auth.holderOf(ticket, NOW_MS)?.name).toBe('bob · ü');
    expect(auth.holderOf(ticket, NOW_MS + 60_000)?.name).toBe('bob · ü');
    expect(auth.holderOf(ticket, NOW_MS + 60_001)).toBeUndefined();
  });

  it('outlives a restart, and dies with its key', () => {
    expect(new Authenticator([key('bob · ü', 'secret b')]).holderOf(ticket, NOW_MS)?.name).toBe('bob · ü');
    expect(new Authenticator([key('bob · ü', 'another')]).holderOf(ticket, NOW_MS)).toBeUndefined();
    expect(new Authenticator([key('alice', 'secret a')]).holderOf(ticket, NOW_MS)).toBeUndefined();
  });

  it('does not hold the key, and cannot be made longer or another’s', () => {
    const [name, expiry, signature] = ticket.split('.');
    expect(ticket).not.toContain('secret');
    const alice = Buffer.from('alice').toString('base64url');
    for (const forged of [
      `${name}.${Number(expiry) + 1}.${signature}`,
      `${alice}.${expiry}.${signature}`,
      `${name}.${expiry}.`,
      `${name}.${expiry}`,
      `${name}.${expiry}.${signature}.x`,
      '',
      'x',
      '..',
    ]) {
      expect(auth.holderOf(forged, NOW_MS), forged).toBeUndefined();
    }
  });
});
