/** The kinds of value that a key can have: how each reads a text, what it expects, how a value is written again. */
import { isIP } from 'node:net';
import { formatDurationMs, parseDurationMs } from '../base/duration.js';
import { LOG_LEVELS, type LogLevel } from '../base/logger.js';
import { PRIORITIES, parsePriority } from '../protocol/priority.js';
import { parseAddress } from './address.js';
import { parseOllamaHost } from './ollama-host.js';
import type { Reading } from './reading.js';
import { formatSizeBytes, parseSizeBytes } from './size.js';

export interface ValueKind<T> {
  readonly name: string;
  /** Ends the sentence "expected ...". */
  readonly expected: string;
  /** Never repeated in a message, masked where it is shown. */
  readonly secret?: boolean;
  read(text: string): Reading<T>;
  /** The value as a YAML scalar that reads back as itself. */
  write(value: T): string | number | boolean;
}

/** A kind from a function that answers undefined for a text that it cannot read. */
function kind<T>(
  name: string,
  expected: string,
  parse: (text: string) => T | undefined,
  write: (value: T) => string | number | boolean,
): ValueKind<T> {
  const read = (text: string): Reading<T> => {
    const value = parse(text);
    return value === undefined ? { wrong: `expected ${expected}` } : { value };
  };
  return { name, expected, read, write };
}

/** Of what `of` reads, only what keeps to a rule; `rule` ends the sentence "got X, ...". */
function ruled<T>(of: ValueKind<T>, keeps: (value: T) => boolean, rule: string): ValueKind<T> {
  const read = (text: string): Reading<T> => {
    const reading = of.read(text);
    return 'wrong' in reading || keeps(reading.value) ? reading : { wrong: rule };
  };
  return { ...of, read };
}

const same = <T>(value: T): T => value;

export const text: ValueKind<string> = kind('text', 'a text', (given) => given || undefined, same);

/** May be empty: one entry of an argument vector. `~` at the start of a path is the home folder. */
export const argument: ValueKind<string> = kind('argument', 'a text', same, same);

/** `~` at the start is the home folder. */
export const path: ValueKind<string> = kind('path', 'a path', (given) => given || undefined, same);

export const secret: ValueKind<string> = { ...text, name: 'secret', secret: true };

export const sha256: ValueKind<string> = {
  ...kind('sha256', 'the SHA-256 of a key as 64 hexadecimal digits', parseSha256, same),
  secret: true,
};

export const environmentName: ValueKind<string> = kind(
  'environment name',
  'the name of an environment variable, not its value',
  (given) => (/^[A-Za-z_]\w*$/.test(given) ? given : undefined),
  same,
);

export const flag: ValueKind<boolean> = kind('flag', 'true or false', parseFlag, same);

export const duration: ValueKind<number> = kind(
  'duration',
  'a duration such as 30s, 1m30s or 500ms',
  parseDurationMs,
  formatDurationMs,
);

/** A duration that cannot be negative. */
export const time: ValueKind<number> = kind(
  'duration',
  'a duration of 0s or more, such as 30s, 1m30s or 500ms',
  (given) => atLeast(0, parseDurationMs(given)),
  formatDurationMs,
);

/** A duration above zero. */
export const span: ValueKind<number> = ruled(duration, (lengthMs) => lengthMs > 0, 'must be positive');

export const size: ValueKind<number> = kind(
  'size',
  'a size such as 32MiB, 64KB or a number of bytes',
  parseSizeBytes,
  formatSizeBytes,
);

export function integer(least: number): ValueKind<number> {
  return kind('integer', `a whole number, ${least} or more`, (given) => atLeast(least, parseInteger(given)), same);
}

/** The reference turns every number below 1 into 1. */
export const concurrency: ValueKind<number> = kind(
  'integer',
  'a whole number',
  (given) => {
    const number = parseInteger(given);
    return number === undefined ? undefined : Math.max(1, number);
  },
  same,
);

export const positiveNumber: ValueKind<number> = kind(
  'number',
  'a number above 0',
  (given) => {
    const parsed = parseNumber(given);
    return parsed !== undefined && parsed > 0 ? parsed : undefined;
  },
  same,
);

/** A whole number of something that must be there. */
export const count: ValueKind<number> = ruled(wholeNumber(), (number) => number > 0, 'must be greater than 0');

export const repetitions: ValueKind<number> = ruled(wholeNumber(), (number) => number >= 0, 'must be non-negative');

const number: ValueKind<number> = kind('number', 'a number', parseNumber, same);

export const growth: ValueKind<number> = ruled(number, (factor) => factor > 1, 'must be greater than 1.0');

export const share: ValueKind<number> = ruled(number, (part) => part >= 0 && part <= 1, 'must be from 0 to 1');

export const priority: ValueKind<number> = kind(
  'priority',
  'low, normal, high, critical or a whole number',
  parsePriority,
  (value) => Object.entries(PRIORITIES).find(([, known]) => known === value)?.[0] ?? value,
);

export const address: ValueKind<string> = kind(
  'address',
  'host:port, or :port (127.0.0.1; with keys, every interface)',
  (given) => (parseAddress(given) ? given : undefined),
  same,
);

export const url: ValueKind<string> = kind('url', 'a URL such as http://127.0.0.1:8080', parseHttpUrl, same);

/** As `$OLLAMA_HOST` is written; read as the URL that it stands for. */
export const ollamaHost: ValueKind<string> = kind(
  'url',
  'the address of an Ollama server such as http://localhost:11434 or gpu-box:11434',
  parseOllamaHost,
  same,
);

export const hostOrNetwork: ValueKind<string> = kind(
  'host',
  'a host name, an address or a network such as 10.0.0.0/8',
  parseHostOrNetwork,
  same,
);

/** https://www.standardwebhooks.com: the base64 of 24 to 64 bytes. */
export const webhookSecret: ValueKind<string> = {
  ...kind('secret', 'whsec_ and the base64 of 24 to 64 bytes', parseWebhookSecret, same),
  secret: true,
};

export const logLevel: ValueKind<LogLevel> = kind('level', `one of ${LOG_LEVELS.join(', ')}`, parseLogLevel, same);

export function choice<const T extends string>(...words: readonly T[]): ValueKind<T> {
  const parse = (given: string) => words.find((word) => word === given);
  return kind('choice', words.join(', ').replace(/, (?=[^,]*$)/, ' or '), parse, same);
}

/** A JavaScript regular expression that was checked to compile. */
export const pattern: ValueKind<string> = {
  ...text,
  name: 'pattern',
  expected: 'a regular expression',
  read: readPattern,
};

/** Spellings of Go's RE2 that JavaScript takes for something else without a word. */
const RE2_ONLY = /\\[AzQEC]|\[\[:\^?\w+:\]\]|\\p[A-Z]\b/;

function readPattern(given: string): Reading<string> {
  if (given === '') return { wrong: 'expected a regular expression' };
  const stranger = RE2_ONLY.exec(given.replaceAll('\\\\', ''));
  if (stranger) return { wrong: `${stranger[0]} means something else in JavaScript than in Go's RE2; rewrite it` };
  try {
    new RegExp(given);
    return { value: given };
  } catch (thrown) {
    const reason =
      thrown instanceof Error ? thrown.message.replace(/^Invalid regular expression: /, '') : String(thrown);
    return {
      wrong: `expected a JavaScript regular expression (RE2's (?i) and (?P<name>) do not exist there): ${reason}`,
    };
  }
}

/** Any integer, where a rule says which ones. */
function wholeNumber(): ValueKind<number> {
  return kind('integer', 'a whole number', parseInteger, same);
}

function parseNumber(given: string): number | undefined {
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(given)) return undefined;
  return Number.isFinite(Number(given)) ? Number(given) : undefined;
}

function parseHostOrNetwork(given: string): string | undefined {
  const [address, bits, ...more] = given.toLowerCase().split('/');
  if (address === undefined || more.length > 0) return undefined;
  const bare = address.replace(/^\[(.*)\]$/, '$1');
  const version = isIP(bare);
  if (bits !== undefined) {
    const fits = version !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128);
    return fits ? `${bare}/${bits}` : undefined;
  }
  return version !== 0 || HOST_NAME.test(bare) ? bare : undefined;
}

function parseWebhookSecret(given: string): string | undefined {
  const encoded = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(given.trim())?.[1];
  const { length } = Buffer.from(encoded ?? '', 'base64');
  return length >= 24 && length <= 64 ? given.trim() : undefined;
}

function parseInteger(given: string): number | undefined {
  if (!/^[+-]?\d[\d_]*$/.test(given)) return undefined;
  const number = Number(given.replaceAll('_', ''));
  return Number.isSafeInteger(number) ? number : undefined;
}

function atLeast(least: number, number: number | undefined): number | undefined {
  return number !== undefined && number >= least ? number : undefined;
}

function parseFlag(given: string): boolean | undefined {
  const word = given.toLowerCase();
  if (['true', 'yes', 'on', '1'].includes(word)) return true;
  return ['false', 'no', 'off', '0'].includes(word) ? false : undefined;
}

function parseSha256(given: string): string | undefined {
  const hex = given.toLowerCase().replace(/^sha256:/, '');
  return /^[0-9a-f]{64}$/.test(hex) ? hex : undefined;
}

function parseHttpUrl(given: string): string | undefined {
  if (!/^https?:\/\/[^/]/i.test(given) || !URL.canParse(given)) return undefined;
  return given.replace(/\/+$/, '');
}

/** Labels of letters, digits, hyphens and underscores; numbers alone are no name. */
const HOST_NAME =
  /^(?=.{1,253}$)(?!\d+(?:\.\d+)*\.?$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*\.?$/;

/** Go's loggers know more levels than ours; each goes to the nearest that says at least as much. */
const LEVEL_ALIASES: Readonly<Record<string, LogLevel>> = {
  warning: 'warn',
  fatal: 'error',
  panic: 'error',
  dpanic: 'error',
  off: 'silent',
};

function parseLogLevel(given: string): LogLevel | undefined {
  const word = given.toLowerCase();
  return LOG_LEVELS.find((level) => level === word) ?? LEVEL_ALIASES[word];
}
