/** A reader that does as little as it can: it counts marks in the bytes that come. */
import { connect, type Socket } from 'node:net';
import { monotonicUs } from '../mock/monotonic.js';
import { type Handshake, PING_FRAME, PONG_FRAME } from './handshake.js';
import { countRecords } from './record-text.js';

export interface ReaderEars {
  readonly records: (count: number) => void;
  /** Undefined: the reader looks at no stamps. */
  readonly delayUs: ((delayUs: number) => void) | undefined;
}

/** All read into the same bytes: nothing is kept. */
const BYTES = Buffer.allocUnsafe(64 * 1024);

/** Resolves when the reader follows its channel; rejects where the connection ends before. Later ends are `onEnd`. */
export function openReader(port: number, words: Handshake, ears: ReaderEars, onEnd: () => void): Promise<Socket> {
  return new Promise((resolve, reject) => {
    let head: string | undefined = '';
    let hello = words.hello;
    const callback = (size: number): boolean => {
      const bytes = BYTES.subarray(0, size);
      if (head === undefined) return listen(socket, bytes, ears);
      head += bytes.toString('latin1');
      if (hello && head.includes('\r\n\r\n')) {
        socket.write(hello);
        hello = undefined;
      }
      if (!head.includes(words.isIn)) return true;
      head = undefined;
      resolve(socket);
      return true;
    };
    const socket: Socket = connect({ host: '127.0.0.1', port, noDelay: true, onread: { buffer: BYTES, callback } });
    socket.write(words.request);
    socket.once('error', reject);
    socket.once('close', () => {
      reject(new Error(`a reader was not let in: ${(head ?? '').slice(0, 200)}`));
      onEnd();
    });
  });
}

function listen(socket: Socket, bytes: Buffer, { records, delayUs }: ReaderEars): boolean {
  const now = delayUs ? monotonicUs() : 0;
  const count = countRecords(bytes, delayUs && ((madeUs) => delayUs(now - madeUs)));
  if (count > 0) records(count);
  if (bytes.length >= PING_FRAME.length && bytes.lastIndexOf(PING_FRAME) === bytes.length - PING_FRAME.length) {
    socket.write(PONG_FRAME);
  }
  return true;
}
