/**
 * `GET /connection/sse?channel=<channel>`: the data of one channel as server-sent events and nothing else, as the example page
 * of the reference server expects it. An EventSource that lost its connection goes on behind the last event that it had.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GollamaError } from '../../base/errors.js';
import { PING } from '../../protocol/channel.js';
import { BareSession } from './bare-session.js';
import { entranceWindow } from './channel-log.js';
import { EVENTS_TYPE, eventText } from './event-text.js';
import { type FaceParts, sessionParts } from './face.js';
import { lastPosition } from './last-position.js';
import { lookUp } from './look-up.js';
import type { Message } from './machine.js';
import { openStream, type StreamFormat } from './stream-transport.js';

const BARE_EVENTS: StreamFormat = {
  contentType: EVENTS_TYPE,
  preamble: 'retry: 1000\n\n',
  message: (message: Message) => (message.text === PING ? ': hb\n\n' : eventText(message)),
  farewell: () => '',
};

/**
 * Behind the last event of an answer that has ended: 204, on which an EventSource stops. Rejects with `unauthorized`,
 * `not_found`, `gone` (the position is not one of this log), `shutting_down`, all before anything is sent.
 */
export async function tellChannel(
  parts: FaceParts,
  channel: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  parts.open.admit();
  const visitor = sessionParts(parts, request).authenticate(undefined);
  if (!visitor) throw new GollamaError('unauthorized', 'this server needs an API key, or a ticket in the address');
  const position = lastPosition(request);
  const after = position?.offset ?? 0;
  const asked = { recover: true, offset: after, epoch: '', rejectsLoss: true };
  const log = await lookUp(parts, channel, visitor, () => entranceWindow(asked));
  if (!log) throw new GollamaError('not_found', `there is no channel ${JSON.stringify(channel)}`);
  if (after > 0 && (position?.epoch !== log.epoch || after > log.last)) {
    throw new GollamaError('gone', 'the channel is not kept from that position on');
  }
  if (after > 0 && after === log.last && log.hasEnded) {
    await reply.code(204).send();
    return;
  }
  openStream(parts, reply, BARE_EVENTS, new BareSession({ log, after, heartbeatMs: parts.heartbeatMs }));
}
