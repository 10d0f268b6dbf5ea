/**
 * `/connection/uni_websocket`: the first message is a connect request (`{"subs":{"<channel>":{}}}`), the rest are pushes.
 */
import type { FastifyInstance } from 'fastify';
import type { Routes } from '../server.js';
import { type FaceParts, sessionParts } from './face.js';
import { openSocket } from './socket-transport.js';
import { UniSession } from './uni-session.js';
import { acceptSocket } from './websocket.js';

export function uniWebSocketRoutes(parts: FaceParts): Routes {
  return (server: FastifyInstance) => {
    server.get('/connection/uni_websocket', { exposeHeadRoute: false }, (request, reply) => {
      const socket = acceptSocket(parts, request, reply);
      if (!socket) return reply;
      openSocket(parts, socket, new UniSession({ ...sessionParts(parts, request), lastPosition: undefined }));
      return reply;
    });
  };
}
