/**
 * A JSON object as a value, and as bytes: where its top-level members stand, and how to set some of them without touching
 * the rest. Parsing and printing again would change what the sender wrote: integers above 2^53, `1.0`, repeated keys.
 */

export type JsonObject = Record<string, unknown>;

export interface MemberSpan {
  readonly key: string;
  /** Where the value stands, without the whitespace around it: [start, end). */
  readonly start: number;
  readonly end: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPENING = new Set([0x7b, 0x5b]);
const CLOSING = new Set([0x7d, 0x5d]);
const WHITESPACE = new Set([0x20, 0x09, 0x0a, 0x0d]);

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object in `json` (UTF-8); undefined where it is anything else, or not well-formed. */
export function parseJsonObject(json: Buffer): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(json.toString('utf8'));
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The members of `json`, which must be one well-formed JSON object in UTF-8; a repeated key comes repeatedly. */
export function memberSpans(json: Buffer): MemberSpan[] {
  const spans: MemberSpan[] = [];
  let at = afterSpace(json, afterSpace(json, 0) + 1);
  while (json[at] === QUOTE) {
    const keyEnd = afterString(json, at);
    const key: unknown = JSON.parse(json.toString('utf8', at, keyEnd));
    const start = afterSpace(json, afterSpace(json, keyEnd) + 1);
    const next = afterValue(json, start);
    spans.push({ key: String(key), start, end: beforeSpace(json, next) });
    at = json[next] === COMMA ? afterSpace(json, next + 1) : next;
  }
  return spans;
}

/**
 * `json` (one well-formed JSON object) with every member of `values` set to its JSON text. All occurrences of a repeated
 * key are set, as parsers differ in which one counts; a key that is absent is added in front. Every other byte stays.
 */
export function withMembers(json: Buffer, values: Readonly<Record<string, string>>): Buffer {
  const spans = memberSpans(json);
  const parts: Buffer[] = [];
  let copied = afterSpace(json, 0) + 1;
  parts.push(json.subarray(0, copied));
  const absent = Object.keys(values).filter((key) => !spans.some((span) => span.key === key));
  const added = absent.map((key) => `${JSON.stringify(key)}:${values[key]}`).join(',');
  if (added !== '') parts.push(Buffer.from(spans.length > 0 ? `${added},` : added));
  for (const span of spans) {
    const value = Object.hasOwn(values, span.key) ? values[span.key] : undefined;
    if (value === undefined) continue;
    parts.push(json.subarray(copied, span.start), Buffer.from(value));
    copied = span.end;
  }
  parts.push(json.subarray(copied));
  return Buffer.concat(parts);
}

function afterSpace(json: Buffer, from: number): number {
  let at = from;
  while (WHITESPACE.has(json[at] ?? 0)) at++;
  return at;
}

function beforeSpace(json: Buffer, from: number): number {
  let at = from;
  while (WHITESPACE.has(json[at - 1] ?? 0)) at--;
  return at;
}

/** `from` stands on the opening quote. Jumps from quote to quote: most of a large body is a few long strings. */
function afterString(json: Buffer, from: number): number {
  for (let quote = json.indexOf(QUOTE, from + 1); quote !== -1; quote = json.indexOf(QUOTE, quote + 1)) {
    let backslashes = 0;
    while (json[quote - 1 - backslashes] === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
  }
  return json.length;
}

/** The comma or the bracket after the value that begins at `from`. */
function afterValue(json: Buffer, from: number): number {
  let depth = 0;
  let at = from;
  while (at < json.length) {
    const byte = json[at] ?? 0;
    if (byte === QUOTE) {
      at = afterString(json, at);
      continue;
    }
    if (depth === 0 && (byte === COMMA || CLOSING.has(byte))) break;
    if (OPENING.has(byte)) depth++;
    else if (CLOSING.has(byte)) depth--;
    at++;
  }
  return at;
}
