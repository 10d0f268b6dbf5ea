/**
 * A JSON object as a value, and as bytes: where its top-level members stand, and how to read or set some of them without
 * touching the rest. Parsing and printing again would change what the sender wrote: integers above 2^53, `1.0`, repeated
 * keys. And 32 MiB can be nested so that parsing them takes ten seconds in which nobody else is answered.
 */
import { GollamaError } from '../base/errors.js';

export type JsonObject = Record<string, unknown>;

/** Where a value stands, without the whitespace around it: [start, end). */
export interface ValueSpan {
  readonly start: number;
  readonly end: number;
}

export interface MemberSpan extends ValueSpan {
  readonly key: string;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPENING_BRACKET = 0x5b;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;
/** The one bit in which brackets and braces differ. */
const BRACE_BIT = 0x20;
/** Up to here the parser is faster than the search. What it does not take, the search may. */
const PARSED_BYTES_MAX = 2 * 1024;
/** Of a value that is read: what gollama reads of a request is a few bytes long. */
const READ_BYTES_MAX = 64 * 1024;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object in `json` (UTF-8); undefined where it is anything else, or not well-formed. Not for what a client sent. */
export function parseJsonObject(json: Buffer): JsonObject | undefined {
  const value = parsed(json, { start: 0, end: json.length });
  return isJsonObject(value) ? value : undefined;
}

/**
 * The members of `json` (UTF-8), a repeated key repeatedly; only those of `wanted` where it is given. Undefined where `json`
 * is no object or not well-formed around its members; what is inside of their values is not looked at.
 */
export function memberSpans(json: Buffer, wanted?: readonly string[]): MemberSpan[] | undefined {
  const spans: MemberSpan[] = [];
  const opening = afterSpace(json, 0);
  if (json[opening] !== OPENING_BRACE) return undefined;
  let at = afterSpace(json, opening + 1);
  if (json[at] !== CLOSING_BRACE) {
    for (;;) {
      const keyEnd = json[at] === QUOTE ? afterString(json, at) : at;
      const colon = afterSpace(json, keyEnd);
      if (keyEnd === at || json[colon] !== COLON) return undefined;
      const start = afterSpace(json, colon + 1);
      const next = afterValue(json, start);
      if (next === start) return undefined;
      const key = keyAt(json, at, keyEnd);
      if (!wanted || wanted.includes(key)) spans.push({ key, start, end: beforeSpace(json, next) });
      at = next;
      if (json[at] !== COMMA) break;
      at = afterSpace(json, at + 1);
    }
  }
  if (json[at] !== CLOSING_BRACE) return undefined;
  return afterSpace(json, at + 1) === json.length ? spans : undefined;
}

/**
 * The values of these members of `json`, of a repeated one the last, as JSON.parse has it; a member that is absent is absent.
 * Undefined where `json` is not such an object. Throws `invalid_request` where such a value is longer than any that is meant.
 */
export function readMembers(json: Buffer, keys: readonly string[]): JsonObject | undefined {
  const whole = json.length <= PARSED_BYTES_MAX ? parseJsonObject(json) : undefined;
  if (whole) return only(keys, whole);
  const spans = memberSpans(json, keys);
  if (!spans) return undefined;
  const values: JsonObject = {};
  for (const span of spans) {
    if (span.end - span.start > READ_BYTES_MAX) {
      throw new GollamaError('invalid_request', `'${span.key}' is too long`, { param: span.key });
    }
    const value = parsed(json, span);
    if (value === undefined) return undefined;
    values[span.key] = value;
  }
  return values;
}

function only(keys: readonly string[], whole: JsonObject): JsonObject {
  const values: JsonObject = {};
  for (const key of keys) if (Object.hasOwn(whole, key)) values[key] = whole[key];
  return values;
}

/** The last item of the list at `list`; undefined where there is no list. Of an empty one it is empty. */
export function lastItem(json: Buffer, list: ValueSpan): Buffer | undefined {
  if (json[list.start] !== OPENING_BRACKET) return undefined;
  let start = list.start + 1;
  let next = afterValue(json, start);
  while (next < list.end && json[next] === COMMA) {
    start = next + 1;
    next = afterValue(json, start);
  }
  return json.subarray(start, next);
}

/**
 * `json` (one JSON object) with every member of `values` set to its JSON text. All occurrences of a repeated key are set, as
 * parsers differ in which one counts; a key that is absent is added in front. Every other byte stays, and so does all of it
 * where it is no object.
 */
export function withMembers(json: Buffer, values: Readonly<Record<string, string>>): Buffer {
  const spans = memberSpans(json, Object.keys(values));
  if (!spans) return json;
  const parts: Buffer[] = [];
  let copied = afterSpace(json, 0) + 1;
  parts.push(json.subarray(0, copied));
  const absent = Object.keys(values).filter((key) => !spans.some((span) => span.key === key));
  const added = absent.map((key) => `${JSON.stringify(key)}:${values[key]}`).join(',');
  const isEmpty = json[afterSpace(json, copied)] === CLOSING_BRACE;
  if (added !== '') parts.push(Buffer.from(isEmpty ? added : `${added},`));
  for (const span of spans) {
    parts.push(json.subarray(copied, span.start), Buffer.from(values[span.key] ?? ''));
    copied = span.end;
  }
  parts.push(json.subarray(copied));
  return Buffer.concat(parts);
}

/** Undefined where it is not well-formed. */
function parsed(json: Buffer, span: ValueSpan): unknown {
  try {
    return JSON.parse(json.toString('utf8', span.start, span.end));
  } catch {
    return undefined;
  }
}

/** A key is written as it is but for escapes, which hardly one has. */
function keyAt(json: Buffer, start: number, end: number): string {
  const text = json.toString('utf8', start + 1, end - 1);
  return text.includes('\\') ? String(parsed(json, { start, end })) : text;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function afterSpace(json: Buffer, from: number): number {
  let at = from;
  while (isSpace(json[at])) at++;
  return at;
}

function beforeSpace(json: Buffer, from: number): number {
  let at = from;
  while (isSpace(json[at - 1])) at--;
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
    const isClosing = (byte | BRACE_BIT) === CLOSING_BRACE;
    if (depth === 0 && (byte === COMMA || isClosing)) break;
    if ((byte | BRACE_BIT) === OPENING_BRACE) depth++;
    else if (isClosing) depth--;
    at++;
  }
  return at;
}
