/**
 * Tickets: what a page puts into the address of a stream, where it cannot send its key. A ticket is good for a while, for
 * reading alone, and dies with the key that it was made with; it is signed with that key's hash, so nothing is stored and it
 * outlives a restart. Addresses end up in logs: that is why it is not the key.
 *
 * `<name, base64url>.<expiry, seconds since the epoch>.<HMAC-SHA256 of both, base64url>`
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

export const TICKET_LIFETIME_MS = 10 * 60 * 1000;

export interface TicketClaims {
  /** Name of the key that it was made with. */
  readonly name: string;
  readonly expiresAtS: number;
}

export function writeTicket({ name, expiresAtS }: TicketClaims, digest: Buffer): string {
  const text = `${Buffer.from(name).toString('base64url')}.${expiresAtS}`;
  return `${text}.${signature(text, digest).toString('base64url')}`;
}

/** What a ticket says of itself; nothing is proved by it before `isSignedWith`. */
export function readTicket(ticket: string): TicketClaims | undefined {
  const [name = '', expiry = '', ...rest] = ticket.split('.');
  if (rest.length !== 1 || !/^\d{1,12}$/.test(expiry)) return undefined;
  return { name: Buffer.from(name, 'base64url').toString(), expiresAtS: Number(expiry) };
}

export function isSignedWith(ticket: string, digest: Buffer): boolean {
  const cut = ticket.lastIndexOf('.');
  const given = Buffer.from(ticket.slice(cut + 1), 'base64url');
  const right = signature(ticket.slice(0, cut), digest);
  return given.length === right.length && timingSafeEqual(given, right);
}

function signature(text: string, digest: Buffer): Buffer {
  return createHmac('sha256', digest).update(`gollama ticket ${text}`).digest();
}
