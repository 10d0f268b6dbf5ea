/** The flags of `gollama bench` as typed settings. Pure; throws `usage` with the flag at fault. */
import { GollamaError } from '../src/base/errors.js';
import { isJsonObject, parseJsonObject } from '../src/protocol/json-object.js';
import type { Endpoint, Load, RequestSettings, Stop } from './plan.js';
import { PROFILES, type Profile, type ProfileName } from './profiles.js';
import { durationMs, ratio } from './quantity.js';

/** As the command line gives them; undefined: not said. */
export interface BenchFlags {
  readonly profile?: string | undefined;
  readonly concurrency?: number | undefined;
  readonly requests?: number | undefined;
  readonly duration?: string | undefined;
  readonly rate?: string | undefined;
  readonly arrival?: string | undefined;
  readonly burstiness?: string | undefined;
  readonly 'max-in-flight'?: number | undefined;
  readonly ramp?: string | undefined;
  readonly warmup?: number | undefined;
  readonly endpoint?: string | undefined;
  readonly stream?: boolean | undefined;
  readonly 'max-tokens'?: number | undefined;
  readonly temperature?: string | undefined;
  readonly 'ignore-eos'?: boolean | undefined;
  readonly 'extra-body'?: string | undefined;
  readonly header?: readonly string[] | undefined;
  readonly timeout?: string | undefined;
  readonly 'ttft-timeout'?: string | undefined;
  readonly 'idle-timeout'?: string | undefined;
  readonly 'save-text'?: boolean | undefined;
  readonly 'max-error-rate'?: string | undefined;
  readonly 'min-effect'?: string | undefined;
  readonly 'min-abs'?: string | undefined;
  readonly label?: readonly string[] | undefined;
}

export interface RunSettings {
  readonly load: Load;
  readonly stop: Stop;
  readonly request: RequestSettings;
  readonly endpoint: Endpoint;
  readonly stream: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly profile: Profile | undefined;
  readonly warmupRequests: number;
  readonly maxErrorRate: number;
  readonly minEffect: number | undefined;
  readonly minAbsoluteMs: number | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

const DEFAULTS = {
  concurrency: 4,
  requests: 20,
  maxTokens: 128,
  temperature: 0.2,
  maxErrorRate: 0.01,
  inFlightMax: 256,
};

export function runSettings(flags: BenchFlags): RunSettings {
  const profile = flags.profile === undefined ? undefined : PROFILES[flags.profile as ProfileName];
  const endpoint = (flags.endpoint ?? 'chat') as Endpoint;
  const load = loadOf(flags, profile);
  return {
    load,
    stop: stopOf(flags, profile),
    request: requestOf(flags, profile),
    endpoint,
    // The reference profiles do not stream, but a stream tells everything that they tell, and the tokens' times too.
    stream: endpoint === 'embeddings' ? false : (flags.stream ?? true),
    headers: headersOf(flags.header ?? []),
    profile,
    warmupRequests: flags.warmup ?? (load.kind === 'closed' ? load.concurrency : DEFAULTS.concurrency),
    maxErrorRate:
      flags['max-error-rate'] === undefined
        ? DEFAULTS.maxErrorRate
        : ratio(flags['max-error-rate'], '--max-error-rate'),
    minEffect: flags['min-effect'] === undefined ? undefined : ratio(flags['min-effect'], '--min-effect'),
    minAbsoluteMs: flags['min-abs'] === undefined ? undefined : durationMs(flags['min-abs'], '--min-abs'),
    labels: pairsOf(flags.label ?? [], '=', '--label'),
  };
}

function loadOf(flags: BenchFlags, profile: Profile | undefined): Load {
  const rampMs = flags.ramp === undefined ? 0 : durationMs(flags.ramp, '--ramp');
  if (flags.rate === undefined) {
    for (const name of ['arrival', 'burstiness', 'max-in-flight'] as const) {
      if (flags[name] !== undefined)
        throw new GollamaError('usage', `--${name} needs --rate: only an open loop has it`);
    }
    return { kind: 'closed', concurrency: flags.concurrency ?? profile?.concurrency ?? DEFAULTS.concurrency, rampMs };
  }
  if (flags.concurrency !== undefined) {
    throw new GollamaError('usage', '--rate and --concurrency exclude each other', {
      hint: 'an open loop sends at its rate whatever the server does; --max-in-flight bounds it',
    });
  }
  const burstiness = positive(flags.burstiness ?? '1', '--burstiness');
  const arrival = flags.arrival ?? (flags.burstiness === undefined ? 'poisson' : 'gamma');
  return {
    kind: 'open',
    rate: positive(flags.rate, '--rate'),
    arrival: arrival as 'constant' | 'poisson' | 'gamma',
    burstiness,
    inFlightMax: flags['max-in-flight'] ?? DEFAULTS.inFlightMax,
    rampMs,
  };
}

function stopOf(flags: BenchFlags, profile: Profile | undefined): Stop {
  if (flags.duration !== undefined && flags.requests !== undefined) {
    throw new GollamaError('usage', '--requests and --duration exclude each other');
  }
  if (flags.duration !== undefined) return { kind: 'duration', durationMs: patience(flags.duration, '--duration') };
  return { kind: 'requests', requests: flags.requests ?? profile?.requests ?? DEFAULTS.requests };
}

function requestOf(flags: BenchFlags, profile: Profile | undefined): RequestSettings {
  return {
    maxTokens: flags['max-tokens'] ?? profile?.maxTokens ?? DEFAULTS.maxTokens,
    temperature:
      flags.temperature === undefined ? DEFAULTS.temperature : notNegative(flags.temperature, '--temperature'),
    ignoreEos: flags['ignore-eos'] ?? false,
    extraBody: extraBodyOf(flags['extra-body']),
    firstTokenTimeoutMs: patience(flags['ttft-timeout'] ?? '5m', '--ttft-timeout'),
    idleTimeoutMs: patience(flags['idle-timeout'] ?? '60s', '--idle-timeout'),
    totalTimeoutMs: patience(flags.timeout ?? '10m', '--timeout'),
    saveText: flags['save-text'] ?? false,
  };
}

function extraBodyOf(text: string | undefined): Readonly<Record<string, unknown>> {
  if (text === undefined) return {};
  const body = parseJsonObject(Buffer.from(text));
  if (!isJsonObject(body)) throw new GollamaError('usage', `--extra-body ${text}: expected a JSON object`);
  return body;
}

/** Of the connection and of the length of the body: the HTTP client sets them. */
const OWN_HEADERS = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

function headersOf(lines: readonly string[]): Record<string, string> {
  const pairs = Object.entries(pairsOf(lines, ':', '--header'));
  for (const [name, value] of pairs) {
    const isHeader = /^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
    if (!isHeader) throw new GollamaError('usage', `--header ${name}: what it says is no header of HTTP`);
    if (OWN_HEADERS.has(name.toLowerCase())) throw new GollamaError('usage', `--header ${name} cannot be set`);
  }
  return Object.fromEntries(pairs.map(([name, value]) => [name.toLowerCase(), value]));
}

function pairsOf(texts: readonly string[], separator: string, flag: string): Record<string, string> {
  const pairs = texts.map((text): [string, string] => {
    const at = text.indexOf(separator);
    const name = text.slice(0, at).trim();
    if (at <= 0 || name === '') throw new GollamaError('usage', `${flag} ${text}: expected name${separator}value`);
    return [name, text.slice(at + 1).trim()];
  });
  return Object.fromEntries(pairs);
}

/** A time that has to pass: none at all would end everything before it begins. */
function patience(text: string, flag: string): number {
  const timeMs = durationMs(text, flag);
  if (timeMs > 0) return timeMs;
  throw new GollamaError('usage', `${flag} ${text}: expected more than no time`);
}

function positive(text: string, flag: string): number {
  const value = notNegative(text, flag);
  if (value > 0) return value;
  throw new GollamaError('usage', `${flag} ${text}: expected a number above 0`);
}

function notNegative(text: string, flag: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value;
  throw new GollamaError('usage', `${flag} ${text}: expected a number`);
}
