import { readFileSync } from 'node:fs';

export interface Transcript {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

/** The bytes of a file in test/fixtures/llama-server. */
export function fixture(name: string): Buffer {
  return readFileSync(new URL(`../fixtures/llama-server/${name}`, import.meta.url));
}

/** A whole HTTP response from test/fixtures/llama-server (`*.http`, not chunked). */
export function transcript(name: string): Transcript {
  const bytes = fixture(name);
  const split = bytes.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, split).split('\r\n');
  const fields = lines.map((line) => [
    line.slice(0, line.indexOf(':')).toLowerCase(),
    line.slice(line.indexOf(':') + 1).trim(),
  ]);
  return {
    status: Number(statusLine.split(' ')[1]),
    headers: Object.fromEntries(fields),
    body: bytes.subarray(split + 4),
  };
}
