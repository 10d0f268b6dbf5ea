/** `GET /api/status`: the whole server at a glance. */
import type { FastifyInstance } from 'fastify';
import { withoutPlaces } from '../../base/places.js';
import type { ServerStatus } from '../../protocol/status.js';
import type { Routes } from '../server.js';

export function statusRoutes(read: () => ServerStatus): Routes {
  return (server: FastifyInstance) => {
    server.get('/api/status', ({ caller }) => (caller.admin ? read() : withoutPlacesIn(read())));
  };
}

/** Why an engine does not answer is for everybody, where it is for admins. */
function withoutPlacesIn(status: ServerStatus): ServerStatus {
  const engines = status.engines.map((engine) => ({
    ...engine,
    last_error: engine.last_error === null ? null : withoutPlaces(engine.last_error),
  }));
  return { ...status, engines };
}
