/** Messages as server-sent events. */
import type { Message } from './machine.js';

export const EVENTS_TYPE = 'text/event-stream; charset=utf-8';

/** `id`: where the client stands, for those who come back by themselves (`Last-Event-ID`). */
export function eventText({ text, position }: Message): string {
  return position ? `id: ${position.epoch}:${position.offset}\ndata: ${text}\n\n` : `data: ${text}\n\n`;
}
