import { readFileSync } from 'node:fs';

/** A recorded reply: `*.http` is status line, headers and body, `*.sse` the body of a stream. */
export interface RecordedReply {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

export function readReply(name: string): RecordedReply {
  const text = readFileSync(new URL(`../fixtures/llama-server/${name}`, import.meta.url), 'utf8').replaceAll(
    '\r\n',
    '\n',
  );
  if (name.endsWith('.sse')) return { status: 200, headers: {}, body: text };
  const [head = '', ...body] = text.split('\n\n');
  const [statusLine = '', ...fields] = head.split('\n');
  const headers = fields.map((field) => field.split(/: ?(.*)/s, 2) as [string, string]);
  return {
    status: Number(statusLine.split(' ')[1]),
    headers: Object.fromEntries(headers.map(([name_, value]) => [name_.toLowerCase(), value])),
    body: body.join('\n\n'),
  };
}

/** The `data:` payloads of a stream; `[DONE]` stays a text. */
export function eventsOf(body: string): unknown[] {
  const payloads = body.split('\n').filter((line) => line.startsWith('data: '));
  return payloads.map((line) => (line === 'data: [DONE]' ? '[DONE]' : JSON.parse(line.slice('data: '.length))));
}

/**
 * The shape of a JSON value: every path to a key, with the type found there. Elements of an array count as one,
 * whole numbers and fractions as the same.
 */
export function shapeOf(value: unknown, path = '$'): string[] {
  if (Array.isArray(value))
    return [...new Set([`${path}: array`, ...value.flatMap((item) => shapeOf(item, `${path}[]`))])];
  if (typeof value !== 'object' || value === null) return [`${path}: ${value === null ? 'null' : typeof value}`];
  return Object.entries(value).flatMap(([key, item]) => shapeOf(item, `${path}.${key}`));
}
