/** A message that is written to many WebSockets: its frame is made once, and goes out in one piece. */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';

/** What a client is spoken to by: frames may be written to the connection between those that the socket writes. */
export interface FramedSocket {
  readonly socket: WebSocket;
  /** The connection that it is on. */
  readonly wire: Socket;
}

/** RFC 6455 section 5.2: the last (and only) frame of a text message. */
const TEXT = 0x81;
const LENGTH_IN_2_BYTES = 126;
const LENGTH_IN_8_BYTES = 127;

/** An unmasked frame, as servers send them (RFC 6455 section 5.2). */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const head = length < LENGTH_IN_2_BYTES ? 2 : length <= 0xffff ? 4 : 10;
  const frame = Buffer.allocUnsafe(head + length);
  frame[0] = TEXT;
  frame[1] = head === 2 ? length : head === 4 ? LENGTH_IN_2_BYTES : LENGTH_IN_8_BYTES;
  if (head === 4) frame.writeUInt16BE(length, 2);
  if (head === 10) frame.writeBigUInt64BE(BigInt(length), 2);
  frame.write(text, head);
  return frame;
}

/**
 * As `socket.send`, which makes a frame of two parts anew for each client. `onSent` is called when it was written out. Nothing
 * happens where the socket is not open.
 */
export function sendFrame({ socket, wire }: FramedSocket, frame: Buffer, onSent?: () => void): void {
  if (socket.readyState === socket.OPEN) wire.write(frame, onSent);
}
