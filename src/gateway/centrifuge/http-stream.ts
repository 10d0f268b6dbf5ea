/** `POST /connection/http_stream`: as `/connection/sse`, with each message a line of JSON. */
import type { FastifyInstance } from 'fastify';
import { type Disconnect, disconnectText } from '../../protocol/channel.js';
import type { Routes } from '../server.js';
import { openEmulated } from './event-stream.js';
import { type FaceParts, MESSAGE_BYTES_MAX } from './face.js';
import type { Message } from './machine.js';
import type { StreamFormat } from './stream-transport.js';

const LINES: StreamFormat = {
  contentType: 'application/json; charset=utf-8',
  preamble: '',
  message: ({ text }: Message) => `${asciiJson(text)}\n`,
  farewell: (disconnect: Disconnect) => `${disconnectText(disconnect, false)}\n`,
};

export function httpStreamRoutes(parts: FaceParts): Routes {
  return (server: FastifyInstance) => {
    const path = '/connection/http_stream';
    server.post(path, { bodyLimit: MESSAGE_BYTES_MAX }, (request, reply) => openEmulated(parts, request, reply, LINES));
    server.options(path, (_request, reply) => reply.code(200).send());
  };
}

/**
 * JSON in which nothing is longer than a byte: clients up to centrifuge-js 5.7.1 decode each piece of the network by itself,
 * and break a character that two of them share.
 */
export function asciiJson(json: string): string {
  return json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
