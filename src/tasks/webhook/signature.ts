/** The signature scheme of Standard Webhooks 1.0 (standardwebhooks.com), symmetric form `v1`. */
import { createHmac } from 'node:crypto';
import { GollamaError } from '../../base/errors.js';

const SECRET = /^whsec_([A-Za-z0-9+/]+={0,2})$/;

/** The key in `whsec_<base64>`. Throws `configuration` without repeating it. */
export function signingKey(secret: string): Buffer {
  const [, encoded] = SECRET.exec(secret.trim()) ?? [];
  if (encoded !== undefined) return Buffer.from(encoded, 'base64');
  throw new GollamaError('configuration', 'webhooks.secret is not written as whsec_ and base64', {
    hint: 'make one: echo "whsec_$(openssl rand -base64 32)"',
  });
}

/**
 * What a receiver tells one message from another by, however often it is sent; a task that is tried again by hand ends a
 * second time, with a message of its own. Parts of what is signed are divided by
 * dots, so that the id holds none; every byte that a header could not carry goes with them.
 */
export function messageId(taskId: string, endedAtMs: number): string {
  const bytes = Buffer.from(taskId, 'utf8').toString('latin1');
  const name = bytes.replace(/[^\w-]/g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return `msg_${name}_${endedAtMs.toString(36)}`;
}

/** `timestampS`: when it is sent, seconds since the Unix epoch. */
export function sign(key: Buffer, id: string, timestampS: number, body: string): string {
  return `v1,${createHmac('sha256', key).update(`${id}.${timestampS}.${body}`).digest('base64')}`;
}
