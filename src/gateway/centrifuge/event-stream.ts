/**
 * `/connection/sse`: replies and pushes as server-sent events; the first commands come with the request, the others by
 * `POST /emulation`. With `?channel=` in place of commands: the bare data of one channel.
 */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Disconnect, disconnectText } from '../../protocol/channel.js';
import type { Routes } from '../server.js';
import { tellChannel } from './bare-stream.js';
import { EVENTS_TYPE, eventText } from './event-text.js';
import { connectText, type FaceParts, MESSAGE_BYTES_MAX, queryOf, sessionParts } from './face.js';
import { ClientSession } from './session.js';
import { openStream, type StreamFormat } from './stream-transport.js';

const EVENTS: StreamFormat = {
  contentType: EVENTS_TYPE,
  preamble: '\r\n',
  message: eventText,
  farewell: (disconnect: Disconnect) => eventText({ text: disconnectText(disconnect, false) }),
};

/** Errors: 400 without a command and a channel. */
export function eventStreamRoutes(parts: FaceParts): Routes {
  return (server: FastifyInstance) => {
    const path = '/connection/sse';
    server.get(path, { exposeHeadRoute: false }, async (request, reply) => {
      const channel = queryOf(request).get('channel');
      if (connectText(request) === undefined && channel !== null) await tellChannel(parts, channel, request, reply);
      else openEmulated(parts, request, reply, EVENTS);
      return reply;
    });
    server.post(path, { bodyLimit: MESSAGE_BYTES_MAX }, (request, reply) =>
      openEmulated(parts, request, reply, EVENTS),
    );
    server.options(path, (_request, reply) => reply.code(200).send());
  };
}

/** A connection whose client sends its later commands with requests of their own. 400 where the first one is missing. */
export function openEmulated(
  parts: FaceParts,
  request: FastifyRequest,
  reply: FastifyReply,
  format: StreamFormat,
): FastifyReply {
  const commands = connectText(request);
  if (commands === undefined) return reply.code(400).send();
  parts.open.admit();
  const emulation = { session: randomUUID(), node: parts.open.node };
  const session = new ClientSession({ ...sessionParts(parts, request), emulation, pings: true });
  openStream(parts, reply, format, session, emulation.session).receive(commands);
  return reply;
}
