/**
 * HTTP/1.1 requests out of the bytes of one connection. Node's own server costs a third more for each event it writes,
 * and a mock that is dear disturbs what it is to measure.
 */

export interface MockRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** True where the client wants the connection closed behind the answer. */
  readonly closes: boolean;
  readonly body: Buffer;
}

export type Reading =
  | { readonly kind: 'more' }
  | { readonly kind: 'request'; readonly request: MockRequest }
  /** The connection cannot be read any further; `status` is what to answer. */
  | { readonly kind: 'refused'; readonly status: 400 | 411 | 413 | 431 };

const HEAD_BYTES_MAX = 64 * 1024;
const BODY_BYTES_MAX = 64 * 1024 * 1024;
const HEAD_END = '\r\n\r\n';
const MORE: Reading = { kind: 'more' };

export class RequestReader {
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  /** Bytes that the next request takes at least; saves looking at a long body again and again. */
  #needsBytes = 0;

  feed(bytes: Buffer): void {
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
  }

  /** The next request, as soon as it is there whole. */
  next(): Reading {
    if (this.#pendingBytes === 0 || this.#pendingBytes < this.#needsBytes) return MORE;
    const bytes = this.#joined();
    const headEnd = bytes.indexOf(HEAD_END);
    if (headEnd === -1) return bytes.length > HEAD_BYTES_MAX ? { kind: 'refused', status: 431 } : MORE;
    const head = readHead(bytes.toString('latin1', 0, headEnd));
    if (typeof head === 'number') return { kind: 'refused', status: head };
    const bodyStart = headEnd + HEAD_END.length;
    const end = bodyStart + head.bodyBytes;
    this.#needsBytes = end;
    if (bytes.length < end) return MORE;
    const { method, path, closes } = head;
    const body = bytes.subarray(bodyStart, end);
    this.#pending = bytes.length > end ? [bytes.subarray(end)] : [];
    this.#pendingBytes = bytes.length - end;
    this.#needsBytes = 0;
    return { kind: 'request', request: { method, path, closes, body } };
  }

  #joined(): Buffer {
    const [only] = this.#pending;
    const bytes = only !== undefined && this.#pending.length === 1 ? only : Buffer.concat(this.#pending);
    this.#pending = [bytes];
    return bytes;
  }
}

interface Head {
  readonly method: string;
  readonly path: string;
  readonly closes: boolean;
  readonly bodyBytes: number;
}

/** A number is the status of a refusal. */
function readHead(text: string): Head | 400 | 411 | 413 {
  const [requestLine = '', ...lines] = text.split('\r\n');
  const [, method, target, version] = /^([A-Z]+) (\S+) HTTP\/1\.([01])$/.exec(requestLine) ?? [];
  if (method === undefined || target === undefined) return 400;
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  if (headers.has('transfer-encoding')) return 411;
  const length = headers.get('content-length') ?? '0';
  if (!/^\d+$/.test(length)) return 400;
  if (Number(length) > BODY_BYTES_MAX) return 413;
  const connection = headers.get('connection')?.toLowerCase() ?? '';
  const closes = version === '0' ? !connection.includes('keep-alive') : connection.includes('close');
  return { method, path: target.split('?', 1)[0] ?? target, closes, bodyBytes: Number(length) };
}
