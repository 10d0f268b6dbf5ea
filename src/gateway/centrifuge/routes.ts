/** Everything that clients of Centrifuge call. */
import type { FastifyInstance } from 'fastify';
import type { Routes } from '../server.js';
import { emulationRoutes } from './emulation.js';
import { eventStreamRoutes } from './event-stream.js';
import type { CentrifugeParts } from './face.js';
import { httpStreamRoutes } from './http-stream.js';
import { OpenConnections } from './open-connections.js';
import { uniEventStreamRoutes } from './uni-event-stream.js';
import { uniWebSocketRoutes } from './uni-websocket.js';
import { webSocketRoutes } from './websocket.js';

/** To be installed before `WebSockets.routes`: at the end clients are told 3001 here, before their sockets are closed there. */
export function centrifugeRoutes(parts: CentrifugeParts): Routes {
  const open = new OpenConnections(parts);
  const face = { ...parts, open };
  const routes = [
    webSocketRoutes(face),
    eventStreamRoutes(face),
    httpStreamRoutes(face),
    uniEventStreamRoutes(face),
    uniWebSocketRoutes(face),
    emulationRoutes(face),
  ];
  return (server: FastifyInstance) => {
    server.addHook('preClose', () => open.closeAll());
    for (const install of routes) install(server);
  };
}
