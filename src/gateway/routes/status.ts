/** `GET /api/status`: the whole server at a glance. */
import type { FastifyInstance } from 'fastify';
import type { ServerStatus } from '../../protocol/status.js';
import type { Routes } from '../server.js';

export function statusRoutes(read: () => ServerStatus): Routes {
  return (server: FastifyInstance) => {
    server.get('/api/status', () => read());
  };
}
