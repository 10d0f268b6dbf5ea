/** `POST /api/tickets`: a ticket for `?ticket=`, for readers that cannot send a key. */
import type { FastifyInstance } from 'fastify';
import type { Clock } from '../../base/clock.js';
import type { Authenticator } from '../auth.js';
import type { Routes } from '../server.js';
import { TICKET_LIFETIME_MS } from '../tickets.js';

/** `{"ticket","expires_at"}`; the time is RFC 3339. */
export function ticketRoutes({ auth, clock }: { auth: Authenticator; clock: Clock }): Routes {
  return (server: FastifyInstance) => {
    server.post('/api/tickets', (request) => {
      const expiresAtMs = clock.epoch() + TICKET_LIFETIME_MS;
      return { ticket: auth.ticketFor(request.caller, expiresAtMs), expires_at: new Date(expiresAtMs).toISOString() };
    });
  };
}
