/**
 * Lets only whole events of a text stream pass, as the bytes they came in, so that a failure can always be told in an
 * event of its own behind them. On the way it takes out the usage chunk of a client who did not ask for it (the gateway
 * did, to account for it): the one event with `"choices":[]` and a `usage` object.
 *
 * A read nearly always ends with an event; then nothing is copied and nothing is held.
 */

const NO_CHOICES = [Buffer.from('"choices":[]'), Buffer.from('"choices": []')];
const NEWLINE = 0x0a;
const RETURN = 0x0d;
/** No token is that long. A longer event goes on in the pieces it comes in. */
const HELD_BYTES_MAX = 16 * 1024;

export class WholeEvents {
  readonly #hidesUsage: boolean;
  #held: Buffer | undefined;
  /** True inside an event that was too long to hold. */
  #passing = false;

  constructor(options: { hidesUsage: boolean }) {
    this.#hidesUsage = options.hidesUsage;
  }

  /** True where everything that came has gone on, up to the end of an event. */
  get atEventEnd(): boolean {
    return !this.#passing;
  }

  /** What of these bytes may go on now; possibly nothing. */
  push(bytes: Buffer): Buffer {
    const all = this.#held ? Buffer.concat([this.#held, bytes]) : bytes;
    this.#held = undefined;
    const end = lastEventEnd(all);
    if (end === all.length) {
      this.#passing = false;
      return this.#filtered(all);
    }
    if (this.#passing && end === 0) return all;
    const rest = all.subarray(end);
    this.#passing = rest.length > HELD_BYTES_MAX;
    if (this.#passing) return Buffer.concat([this.#filtered(all.subarray(0, end)), rest]);
    this.#held = rest;
    return this.#filtered(all.subarray(0, end));
  }

  /** What is held at the end of a stream that ended well, but without the last blank line. */
  flush(): Buffer | undefined {
    const held = this.#held;
    this.#held = undefined;
    return held;
  }

  #filtered(events: Buffer): Buffer {
    if (!this.#hidesUsage || !NO_CHOICES.some((needle) => events.includes(needle))) return events;
    const kept: Buffer[] = [];
    for (let start = 0; start < events.length; ) {
      const end = nextEventEnd(events, start);
      const event = events.subarray(start, end);
      if (!isUsageChunk(event)) kept.push(event);
      start = end;
    }
    return Buffer.concat(kept);
  }
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
  for (let place = bytes.lastIndexOf(NEWLINE); place > 0; place = bytes.lastIndexOf(NEWLINE, place - 1)) {
    if (isBlankLineEnd(bytes, place)) return place + 1;
  }
  return 0;
}

function nextEventEnd(bytes: Buffer, from: number): number {
  for (let place = bytes.indexOf(NEWLINE, from); place >= 0; place = bytes.indexOf(NEWLINE, place + 1)) {
    if (place > from && isBlankLineEnd(bytes, place)) return place + 1;
  }
  return bytes.length;
}

/** True where the newline at `place` ends an empty line, with LF or CRLF line ends. */
function isBlankLineEnd(bytes: Buffer, place: number): boolean {
  const before = bytes[place - 1];
  return before === NEWLINE || (before === RETURN && bytes[place - 2] === NEWLINE);
}
