/** What a reader says, in bytes, and what it hears when it has been let in. Wire formats: RFC 6455, Centrifuge as JSON. */
import type { Contestant } from './steps.js';

export interface Handshake {
  readonly request: string;
  /** Said when the answer to the request has come. */
  readonly hello: Buffer | undefined;
  /** In what comes when the reader follows its channel. */
  readonly isIn: string;
}

const UPGRADE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

/** A ping of Centrifuge as a frame, and the answer to it. */
export const PING_FRAME = Buffer.from([0x81, 2, 0x7b, 0x7d]);
export const PONG_FRAME = clientFrame('{}');

export function handshake(contestant: Contestant, port: number, channel: string): Handshake {
  const head = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${more}\r\n`;
  switch (contestant) {
    case 'bare':
      return { request: head('/', UPGRADE), hello: undefined, isIn: '\r\n\r\n' };
    case 'centrifuge':
    case 'centrifuge-memory': {
      const hello = clientFrame(`{"id":1,"connect":{}}\n{"id":2,"subscribe":{"channel":"${channel}"}}`);
      return { request: head('/connection/websocket', UPGRADE), hello, isIn: '"id":2,"subscribe"' };
    }
    case 'sse':
    case 'sse-memory':
      return { request: head(`/api/tasks/${channel}/stream`), hello: undefined, isIn: 'event: state' };
  }
}

/** Masked with zeros. */
export function clientFrame(text: string): Buffer {
  const data = Buffer.from(text);
  const head = data.length < 126 ? [0x81, 0x80 | data.length] : [0x81, 0x80 | 126, data.length >> 8, data.length & 255];
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), data]);
}
