/** `POST /emulation`: what the clients of streams say, `{"session","node","data"}` with commands as text in `data`. */
import type { FastifyInstance } from 'fastify';
import { isJsonObject } from '../../protocol/json-object.js';
import { readJson } from '../json-body.js';
import type { Routes } from '../server.js';
import { type FaceParts, MESSAGE_BYTES_MAX } from './face.js';

/**
 * 204 at once; replies come on the stream. 404 for a node that is not this process: the client connects again. A session
 * that is over gets 204 too: its stream has told the client. 400 for anything else.
 */
export function emulationRoutes({ open }: FaceParts): Routes {
  return (server: FastifyInstance) => {
    const path = '/emulation';
    server.post(path, { bodyLimit: MESSAGE_BYTES_MAX }, async (request, reply) => {
      const body = readJson(request.body);
      const { session, node, data } = isJsonObject(body) ? body : {};
      if (typeof session !== 'string' || typeof node !== 'string' || typeof data !== 'string') {
        return reply.code(400).send();
      }
      if (node !== open.node) return reply.code(404).send();
      await reply.code(204).send();
      open.ofSession(session)?.receive(data);
      return reply;
    });
    server.options(path, (_request, reply) => reply.code(200).send());
  };
}
