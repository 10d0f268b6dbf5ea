/** `/connection/websocket`: the client protocol of Centrifuge as JSON on a WebSocket. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GollamaError } from '../../base/errors.js';
import type { Routes } from '../server.js';
import type { FramedSocket } from '../shared-frame.js';
import { type FaceParts, queryOf, sessionParts } from './face.js';
import { ClientSession } from './session.js';
import { openSocket } from './socket-transport.js';

/**
 * Errors: 400 for what is no handshake, or one for Protocol Buffers. `?cf_ws_frame_ping_pong=true`: pings are frames of the
 * WebSocket protocol instead of messages.
 */
export function webSocketRoutes(parts: FaceParts): Routes {
  return (server: FastifyInstance) => {
    server.get('/connection/websocket', { exposeHeadRoute: false }, (request, reply) => {
      const socket = acceptSocket(parts, request, reply);
      if (!socket) return reply;
      const nativePings = queryOf(request).get('cf_ws_frame_ping_pong') === 'true';
      const options = { ...sessionParts(parts, request), emulation: undefined, pings: !nativePings };
      openSocket(parts, socket, new ClientSession(options), nativePings);
      return reply;
    });
  };
}

/** Undefined where the request was answered otherwise. Throws `shutting_down`, and `invalid_request` for Protocol Buffers. */
export function acceptSocket(
  { webSockets, open }: FaceParts,
  request: FastifyRequest,
  reply: FastifyReply,
): FramedSocket | undefined {
  if (!webSockets.isUpgrade(request)) {
    void reply.code(400).type('text/plain; charset=utf-8').send('Bad Request\n');
    return undefined;
  }
  open.admit();
  if (wantsProtobuf(request)) {
    throw new GollamaError('invalid_request', 'this server speaks JSON to Centrifuge clients, not Protocol Buffers');
  }
  return webSockets.accept(request, reply);
}

function wantsProtobuf(request: FastifyRequest): boolean {
  const query = queryOf(request);
  const asked = [query.get('cf_protocol'), query.get('format')];
  const offered = request.headers['sec-websocket-protocol'] ?? '';
  return asked.includes('protobuf') || /\bcentrifuge-protobuf\b/.test(offered);
}
