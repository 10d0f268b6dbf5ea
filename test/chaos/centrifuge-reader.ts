/** The official Centrifuge client, on each of its transports. */
import { Centrifuge } from 'centrifuge';
import { EventSource } from 'eventsource';
import { WebSocket } from 'ws';
import { tellMessage } from './event-readers.js';
import type { Face } from './faces.js';

export const TRANSPORTS = ['websocket', 'sse', 'http_stream'] as const;

/** What the client says where the server told it all. */
const ENDED = 2000;

export function readByCentrifuge(transport: (typeof TRANSPORTS)[number]): Face {
  return async ({ url, id, transcript, signal }) => {
    const base = transport === 'websocket' ? url.replace('http', 'ws') : url;
    const client = new Centrifuge([{ transport, endpoint: `${base}/connection/${transport}` }], {
      websocket: WebSocket,
      eventsource: EventSource,
      fetch: globalThis.fetch,
      readableStream: globalThis.ReadableStream,
      emulationEndpoint: `${url}/emulation`,
      minReconnectDelay: 5,
      maxReconnectDelay: 200,
    });
    const subscription = client.newSubscription(id, { minResubscribeDelay: 5, maxResubscribeDelay: 200 });
    try {
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve(), { once: true });
        client.on('connected', () => {
          transcript.connections += 1;
        });
        client.on('disconnected', ({ code, reason }) => {
          transcript.fault(`was told to stay away: ${code} ${reason}`);
          resolve();
        });
        subscription.on('publication', ({ data, offset }) => {
          if (offset !== undefined) transcript.upTo(offset);
          tellMessage(transcript, data);
        });
        subscription.on('subscribed', ({ wasRecovering, recovered }) => {
          if (wasRecovering && !recovered) transcript.fault('was told that what it missed is lost');
        });
        subscription.on('unsubscribed', ({ code, reason }) => {
          if (code !== ENDED) transcript.fault(`was told to go: ${code} ${reason}`);
          resolve();
        });
        subscription.subscribe();
        client.connect();
      });
    } finally {
      client.removeAllListeners();
      subscription.removeAllListeners();
      client.disconnect();
    }
  };
}
