/** The body of a request as a JSON value. */
import { GollamaError, messageOf } from '../base/errors.js';

/**
 * Deeper than anything that is meant. Without a bound, a body of some megabytes of brackets is parsed for seconds in which
 * nobody else is answered, and cannot be written again at all.
 */
const DEPTH_MAX = 100;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING_BRACKET = 0x5b;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACKET = 0x5d;
const CLOSING_BRACE = 0x7d;

/** `body`: as the server hands it to routes. Throws `invalid_request`; of an empty body with the reference's text. */
export function readJson(body: unknown): unknown {
  if (!Buffer.isBuffer(body) || body.length === 0) throw new GollamaError('invalid_request', 'EOF');
  if (isDeeper(body, DEPTH_MAX)) {
    throw new GollamaError('invalid_request', `the body is nested more than ${DEPTH_MAX} levels deep`);
  }
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw new GollamaError('invalid_request', `the body is not valid JSON: ${messageOf(error)}`, { cause: error });
  }
}

function isDeeper(json: Buffer, depthMax: number): boolean {
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (byte === QUOTE) at = closingQuote(json, at);
    else if (byte === OPENING_BRACKET || byte === OPENING_BRACE) depth++;
    else if (byte === CLOSING_BRACKET || byte === CLOSING_BRACE) depth--;
    if (depth > depthMax) return true;
  }
  return false;
}

/** Of the string that opens at `from`; the end of the body where it is never closed. */
function closingQuote(json: Buffer, from: number): number {
  for (let quote = json.indexOf(QUOTE, from + 1); quote !== -1; quote = json.indexOf(QUOTE, quote + 1)) {
    let backslashes = 0;
    while (json[quote - 1 - backslashes] === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return quote;
  }
  return json.length;
}
