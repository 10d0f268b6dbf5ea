/**
 * Lets only whole events of a text stream pass, as the bytes they came in, so that a failure can always be told in an
 * event of its own behind them. On the way it takes out the usage chunk of a client who did not ask for it (the gateway
 * did, to account for it): the one event with `"choices":[]` and a `usage` object.
 *
 * A read nearly always ends with an event; then nothing is copied and nothing is held.
 */

const CHOICES = Buffer.from('"choices":');
const SPACE = 0x20;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
/** No token is that long. A longer event goes on in the pieces it comes in. */
const HELD_BYTES_MAX = 16 * 1024;
/** Of the line end and the blank line that end an event: LF or CRLF, twice. */
const BLANK_LINE_BYTES = 4;

export class WholeEvents {
  readonly #hidesUsage: boolean;
  #held: Buffer | undefined;
  /** Last bytes of what went on of an event that was too long to hold; undefined at the end of an event. */
  #passed: Buffer | undefined;

  constructor(options: { hidesUsage: boolean }) {
    this.#hidesUsage = options.hidesUsage;
  }

  /** True where everything that came has gone on, up to the end of an event. */
  get atEventEnd(): boolean {
    return this.#passed === undefined;
  }

  /** What of these bytes may go on now; possibly nothing. */
  push(bytes: Buffer): Buffer {
    if (this.#passed) return this.#passOn(this.#passed, bytes);
    const all = this.#held ? Buffer.concat([this.#held, bytes]) : bytes;
    this.#held = undefined;
    const end = lastEventEnd(all);
    if (end === all.length) return this.#filtered(all);
    const rest = all.subarray(end);
    if (rest.length > HELD_BYTES_MAX) {
      this.#passed = rest.subarray(-BLANK_LINE_BYTES);
      return end === 0 ? all : Buffer.concat([this.#filtered(all.subarray(0, end)), rest]);
    }
    this.#held = rest;
    return this.#filtered(all.subarray(0, end));
  }

  /** What is held at the end of a stream that ended well, but without the last blank line. */
  flush(): Buffer | undefined {
    const held = this.#held;
    this.#held = undefined;
    return held && this.#filtered(held);
  }

  /** The rest of a long event goes on; its end may be split between two reads, so its last bytes are looked at again. */
  #passOn(passed: Buffer, bytes: Buffer): Buffer {
    const seam = Buffer.concat([passed, bytes.subarray(0, BLANK_LINE_BYTES)]);
    const seamEnd = nextEventEnd(seam, 0);
    const end = seamEnd === undefined ? nextEventEnd(bytes, 0) : seamEnd - passed.length;
    if (end === undefined) {
      this.#passed = Buffer.concat([passed, bytes.subarray(-BLANK_LINE_BYTES)]).subarray(-BLANK_LINE_BYTES);
      return bytes;
    }
    this.#passed = undefined;
    if (end === bytes.length) return bytes;
    return Buffer.concat([bytes.subarray(0, end), this.push(bytes.subarray(end))]);
  }

  #filtered(events: Buffer): Buffer {
    if (!this.#hidesUsage || !hasEmptyChoices(events)) return events;
    const kept: Buffer[] = [];
    for (let start = 0; start < events.length; ) {
      const end = nextEventEnd(events, start) ?? events.length;
      const event = events.subarray(start, end);
      if (!isUsageChunk(event)) kept.push(event);
      start = end;
    }
    return Buffer.concat(kept);
  }
}

/** A look at each byte: of what one read brings, usually one event, that is cheaper than a search by the runtime. */
function hasEmptyChoices(events: Buffer): boolean {
  const last = events.length - 1;
  for (let at = 0; at < last; at += 1) {
    if (events[at] === OPENING_BRACKET && events[at + 1] === CLOSING_BRACKET) return isSomeChoicesEmpty(events);
  }
  return false;
}

function isSomeChoicesEmpty(events: Buffer): boolean {
  for (let at = events.indexOf(CHOICES); at >= 0; at = events.indexOf(CHOICES, at)) {
    at += CHOICES.length;
    while (events[at] === SPACE) at += 1;
    if (events[at] === OPENING_BRACKET && events[at + 1] === CLOSING_BRACKET) return true;
  }
  return false;
}

function isUsageChunk(event: Buffer): boolean {
  const data = event.toString('utf8').match(/^data: ?(.*)$/m)?.[1];
  if (data === undefined) return false;
  try {
    const chunk = JSON.parse(data) as { choices?: unknown; usage?: unknown };
    return Array.isArray(chunk.choices) && chunk.choices.length === 0 && Boolean(chunk.usage);
  } catch {
    return false;
  }
}

/** Behind the last blank line in `bytes`; 0 where there is none. */
function lastEventEnd(bytes: Buffer): number {
  const last = bytes.length - 1;
  if (bytes[last] === NEWLINE && isBlankLineEnd(bytes, last)) return bytes.length;
  for (let place = bytes.lastIndexOf(NEWLINE); place > 0; place = bytes.lastIndexOf(NEWLINE, place - 1)) {
    if (isBlankLineEnd(bytes, place)) return place + 1;
  }
  return 0;
}

/** Behind the first blank line from `from` on; undefined where there is none. */
function nextEventEnd(bytes: Buffer, from: number): number | undefined {
  for (let place = bytes.indexOf(NEWLINE, from); place >= 0; place = bytes.indexOf(NEWLINE, place + 1)) {
    if (place > from && isBlankLineEnd(bytes, place)) return place + 1;
  }
  return undefined;
}

/** True where the newline at `place` ends an empty line, with LF or CRLF line ends. */
function isBlankLineEnd(bytes: Buffer, place: number): boolean {
  const before = bytes[place - 1];
  return before === NEWLINE || (before === RETURN && bytes[place - 2] === NEWLINE);
}
