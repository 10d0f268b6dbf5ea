/** For watchdogs and for Prometheus. */
import type { FastifyInstance } from 'fastify';
import type { Metrics } from '../../base/metrics.js';
import type { Pool } from '../../pool/pool.js';
import type { Routes } from '../server.js';

export interface HealthRoutesParts {
  readonly pool: Pool;
  readonly metrics: Metrics;
  readonly stopping: () => boolean;
}

export function healthRoutes(parts: HealthRoutesParts): Routes {
  return (server: FastifyInstance) => {
    /** Is the process there? */
    server.get('/health', (_request, reply) => reply.type('text/plain; charset=utf-8').send('OK'));

    /** Can it answer? */
    server.get('/healthz', (_request, reply) => {
      if (parts.stopping()) return reply.code(503).send({ status: 'shutting_down' });
      const { members } = parts.pool;
      if (members.some((member) => member.status.state === 'ready')) return reply.send({ status: 'ok' });
      // Anybody may ask here, so not the problem: it may name files and addresses. `/api/status` has it.
      const engines = members.map(({ engine, status }) => ({ name: engine.name, state: status.state }));
      return reply.code(503).send({ status: 'engine_not_ready', engines });
    });

    server.get('/metrics', async (_request, reply) => {
      const { registry } = parts.metrics;
      return reply.type(registry.contentType).send(await registry.metrics());
    });
  };
}
