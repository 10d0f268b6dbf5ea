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
  const lengthBytes = extraLengthBytes(length);
  const frame = Buffer.allocUnsafe(2 + lengthBytes + length);
  frame[0] = TEXT;
  if (lengthBytes === 0) {
    frame[1] = length;
  } else if (lengthBytes === 2) {
    frame[1] = LENGTH_IN_2_BYTES;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = LENGTH_IN_8_BYTES;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.write(text, 2 + lengthBytes);
  return frame;
}

/** A short length stands in the second byte of the frame itself. */
function extraLengthBytes(length: number): 0 | 2 | 8 {
  if (length < LENGTH_IN_2_BYTES) return 0;
  return length <= 0xffff ? 2 : 8;
}

/**
 * As `socket.send`, which makes a frame of two parts anew for each client. `onSent` is called when it was written out. Nothing
 * happens where the socket is not open.
 */
export function sendFrame({ socket, wire }: FramedSocket, frame: Buffer, onSent?: () => void): void {
  if (socket.readyState === socket.OPEN) wire.write(frame, onSent);
}
