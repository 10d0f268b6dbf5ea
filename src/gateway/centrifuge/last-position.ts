/** Where a client of server-sent events stood when it lost its connection. */
import type { FastifyRequest } from 'fastify';
import type { Position } from '../../protocol/channel.js';

/** `<epoch>:<offset>`, as events have it in `id`. What is anything else was not ours. */
export function lastPosition({ headers }: FastifyRequest): Position | undefined {
  const told = headers['last-event-id'];
  const match = typeof told === 'string' ? /^([\w-]{1,64}):(\d{1,15})$/.exec(told) : null;
  const [, epoch, offset] = match ?? [];
  return epoch === undefined || offset === undefined ? undefined : { epoch, offset: Number(offset) };
}
