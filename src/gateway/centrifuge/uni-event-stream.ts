/**
 * `/connection/uni_sse`: one request with all that is wanted (`?cf_connect={"subs":{"<channel>":{}}}`, or as the body of a
 * POST), then pushes as server-sent events. Where one channel was asked for, events have ids, and an EventSource that comes
 * back by itself goes on behind the last one.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Disconnect, disconnectText } from '../../protocol/channel.js';
import type { Routes } from '../server.js';
import { EVENTS_TYPE, eventText } from './event-text.js';
import { connectText, type FaceParts, MESSAGE_BYTES_MAX, sessionParts } from './face.js';
import { lastPosition } from './last-position.js';
import { openStream, type StreamFormat } from './stream-transport.js';
import { UniSession } from './uni-session.js';

const UNI_EVENTS: StreamFormat = {
  contentType: EVENTS_TYPE,
  preamble: '\r\n',
  message: eventText,
  farewell: (disconnect: Disconnect) => eventText({ text: disconnectText(disconnect, true) }),
};

export function uniEventStreamRoutes(parts: FaceParts): Routes {
  const answer = (request: FastifyRequest, reply: FastifyReply) => {
    parts.open.admit();
    const session = new UniSession({ ...sessionParts(parts, request), lastPosition: lastPosition(request) });
    openStream(parts, reply, UNI_EVENTS, session).receive(connectText(request) ?? '');
    return reply;
  };
  return (server: FastifyInstance) => {
    const path = '/connection/uni_sse';
    server.get(path, { exposeHeadRoute: false }, answer);
    server.post(path, { bodyLimit: MESSAGE_BYTES_MAX }, answer);
    server.options(path, (_request, reply) => reply.code(200).send());
  };
}
