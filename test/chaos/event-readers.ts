/** Readers of server-sent events who keep nothing but `Last-Event-ID`, as an EventSource does. */
import { type IncomingMessage, request } from 'node:http';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { Reading } from './faces.js';
import type { Transcript } from './transcript.js';

const PAUSE_MS = [5, 150] as const;

interface Message {
  readonly type: string;
  readonly message?: string;
  readonly status?: string;
  readonly call?: unknown;
}

interface UniFrame {
  readonly connect?: { readonly subs?: Readonly<Record<string, { readonly publications?: readonly Publication[] }>> };
  readonly pub?: Publication;
  readonly unsubscribe?: { readonly code: number; readonly reason: string };
}

interface Publication {
  readonly data: Message;
  readonly offset?: number;
}

/** Behind the end it comes once more, as an EventSource does, and is told that there is nothing. */
export function readOwnEvents(reading: Reading): Promise<void> {
  const { id, transcript } = reading;
  return follow(reading, `/api/tasks/${encodeURIComponent(id)}/stream`, ({ id: place = '', event = '', data }) => {
    transcript.record(sequenceOf(place), `${event} ${data}`);
    tellOwn(transcript, event, JSON.parse(data) as Record<string, unknown>);
  });
}

export function tellOwn(transcript: Transcript, event: string, told: Record<string, unknown>): void {
  switch (event) {
    case 'token':
      transcript.say(String(told.text));
      break;
    case 'reasoning':
      transcript.think(String(told.text));
      break;
    case 'restart':
      transcript.restart();
      break;
    case 'done':
      transcript.finish(told.status === 'cancelled' ? 'cancelled' : 'completed');
      break;
    case 'error':
      transcript.finish('failed');
      break;
  }
}

export function readBare(reading: Reading): Promise<void> {
  const { id, transcript } = reading;
  return follow(reading, `/connection/sse?channel=${encodeURIComponent(id)}`, ({ id: place, data }) => {
    if (place !== undefined) transcript.upTo(sequenceOf(place));
    tellMessage(transcript, JSON.parse(data) as Message);
  });
}

export function readUni(reading: Reading): Promise<void> {
  const { id, transcript } = reading;
  const asked = encodeURIComponent(JSON.stringify({ subs: { [id]: {} } }));
  return follow(reading, `/connection/uni_sse?cf_connect=${asked}`, ({ data }) => {
    const { connect, pub, unsubscribe } = JSON.parse(data) as UniFrame;
    const { publications = [] } = connect?.subs?.[id] ?? {};
    if (connect && !connect.subs?.[id]) transcript.fault('was not let in again');
    for (const { data: message, offset } of pub ? [pub] : publications) {
      if (offset !== undefined) transcript.upTo(offset);
      tellMessage(transcript, message);
    }
    if (unsubscribe && unsubscribe.code !== 2000) {
      transcript.fault(`was told to go: ${unsubscribe.code} ${unsubscribe.reason}`);
    }
  });
}

/** As all who listen to a channel are told. */
export function tellMessage(transcript: Transcript, { type, message = '', status }: Message): void {
  switch (type) {
    case 'chunk':
      transcript.say(message);
      break;
    case 'reasoning':
      transcript.think(message);
      break;
    case 'restart':
      transcript.restart();
      break;
    case 'end':
      transcript.finish(status === 'cancelled' ? 'cancelled' : 'completed');
      break;
    case 'error':
      transcript.finish('failed');
      break;
  }
}

/** Until the server says that there is nothing left; a server whose stream has no such answer, until the end was told. */
async function follow(reading: Reading, path: string, take: (event: EventSourceMessage) => void): Promise<void> {
  const { transcript, signal, url, dice } = reading;
  const isUni = path.startsWith('/connection/uni');
  let last: string | undefined;
  // That stream could tell more channels, and so does not end with one: its reader leaves.
  const left = new AbortController();
  const over = AbortSignal.any([signal, left.signal]);
  while (!signal.aborted) {
    transcript.connections += 1;
    const status = await eventsOf(`${url}${path}`, last, over, (event) => {
      if (event.id !== undefined) last = event.id;
      take(event);
      if (isUni && transcript.end !== undefined) left.abort();
    });
    const hasEnded = transcript.end !== undefined;
    if (status === 204) {
      if (!hasEnded) transcript.fault('was told that nothing follows, before the end');
      return;
    }
    if (isUni && hasEnded) return;
    if (status !== undefined && status !== 200 && status !== 503) {
      transcript.fault(`was answered ${status}`);
      return;
    }
    await wait(dice.between(...PAUSE_MS));
  }
}

/** The status, when the connection has ended; undefined where there was none. */
function eventsOf(
  url: string,
  last: string | undefined,
  signal: AbortSignal,
  take: (event: EventSourceMessage) => void,
): Promise<number | undefined> {
  return new Promise((resolve) => {
    const headers = { accept: 'text/event-stream', ...(last === undefined ? {} : { 'last-event-id': last }) };
    const asked = request(url, { agent: false, headers, signal });
    asked.on('error', () => resolve(undefined));
    asked.once('response', (response: IncomingMessage) => {
      const parser = createParser({ onEvent: take });
      response.setEncoding('utf8').on('data', (text: string) => {
        if (response.statusCode === 200) parser.feed(text);
      });
      response.on('error', () => {});
      response.once('close', () => resolve(response.statusCode));
    });
    asked.end();
  });
}

function sequenceOf(place: string): number {
  return Number(place.slice(place.lastIndexOf(':') + 1));
}

export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
