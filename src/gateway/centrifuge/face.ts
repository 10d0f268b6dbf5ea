/** What the routes of the Centrifuge face share. */
import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { Random } from '../../base/random.js';
import type { Visitor } from '../../tasks/task-queue.js';
import type { WebSockets } from '../web-sockets.js';
import type { ConnectionParts } from './connection.js';
import type { SessionParts } from './machine.js';
import type { OpenConnections } from './open-connections.js';

/** What a client may prove itself with; undefined: it did not bring that. */
export interface Credentials {
  readonly headers: IncomingHttpHeaders;
  /** Of the query. */
  readonly ticket: string | undefined;
  /** Of the connect command. */
  readonly token: string | undefined;
}

export interface CentrifugeParts extends ConnectionParts {
  readonly random: Random;
  readonly webSockets: WebSockets;
  /** A bare stream that is silent for so long says that it lives. */
  readonly heartbeatMs: number;
  /** Undefined where none of them is right; where no keys are set, everybody is somebody. */
  readonly identify: (credentials: Credentials) => Visitor | undefined;
}

export interface FaceParts extends CentrifugeParts {
  readonly open: OpenConnections;
}

/** Bytes of what a client says at once. */
export const MESSAGE_BYTES_MAX = 64 * 1024;

export function queryOf(request: FastifyRequest): URLSearchParams {
  return new URL(request.url, 'http://localhost').searchParams;
}

export function sessionParts({ random, identify }: CentrifugeParts, request: FastifyRequest): SessionParts {
  const { headers } = request;
  const ticket = queryOf(request).get('ticket') ?? undefined;
  return { clientId: randomUUID(), random, authenticate: (token) => identify({ headers, ticket, token }) };
}

/** What a client says with its request: in the query of a GET, in the body of a POST. Undefined: nothing. */
export function connectText(request: FastifyRequest): string | undefined {
  const { body } = request;
  const text = request.method === 'POST' ? (Buffer.isBuffer(body) ? body.toString('utf8') : '') : undefined;
  return (text ?? queryOf(request).get('cf_connect')) || undefined;
}
