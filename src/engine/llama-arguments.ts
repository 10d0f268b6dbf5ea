/** The arguments of a llama-server: what the user's say, and what is added to them. */
import { GollamaError } from '../base/errors.js';

export interface ArgumentRequest {
  /** As the user wrote them. */
  readonly args: readonly string[];
  readonly modelPath?: string | undefined;
  /** What the server calls its model; only said where `modelPath` is: other programs may not know the flag. */
  readonly alias?: string | undefined;
  readonly slots?: number | undefined;
  /** Where to reach the server, if the user said so: its host and port are passed on. */
  readonly baseUrl?: string | undefined;
}

export interface ArgumentFacts {
  readonly host: string;
  /** Undefined: any free port will do. */
  readonly port: number | undefined;
  /** Where the server is reached; its port is missing while `port` is undefined. */
  readonly urlHost: string;
  /** The first key, where the arguments name keys. */
  readonly apiKey: string | undefined;
  /** Path in front of every path, `` or `/name`. */
  readonly apiPrefix: string;
  readonly modelPath: string | undefined;
}

const HOST = ['--host'];
const PORT = ['--port'];
const MODEL = ['-m', '--model'];
const ALIAS = ['--alias', '-a'];
const SLOTS = ['-np', '--parallel', '--n-parallel'];
const API_KEY = ['--api-key'];
const API_PREFIX = ['--api-prefix'];

const LOOPBACK = '127.0.0.1';

/** Throws GollamaError `configuration`. */
export function readArguments({ args, modelPath, baseUrl }: ArgumentRequest): ArgumentFacts {
  const url = baseUrl === undefined ? undefined : parseUrl(baseUrl);
  const host = flagValue(args, HOST) ?? url?.hostname.replace(/^\[|\]$/g, '') ?? LOOPBACK;
  if (host.endsWith('.sock')) {
    throw new GollamaError('configuration', `the engine listens on a Unix socket (--host ${host})`, {
      hint: 'give it a host and a port instead, or leave both out: gollama chooses a free port of this machine',
    });
  }
  const said = flagValue(args, PORT);
  const ownPort = said === undefined || said === '0' ? undefined : parsePort(said);
  const prefix = flagValue(args, API_PREFIX)?.replace(/^\/*|\/+$/g, '') ?? '';
  return {
    host,
    port: ownPort ?? (url ? portOf(url) : undefined),
    urlHost: url ? url.hostname : reachable(host),
    apiKey: flagValue(args, API_KEY)?.split(',')[0],
    apiPrefix: prefix === '' ? '' : `/${prefix}`,
    modelPath: flagValue(args, MODEL) ?? modelPath,
  };
}

/** The URL of a server with these arguments. What the user gave as base URL counts more than `--port`. */
export function baseUrlOf({ baseUrl }: ArgumentRequest, facts: ArgumentFacts, port: number): string {
  const origin = baseUrl === undefined ? `http://${facts.urlHost}:${port}` : parseUrl(baseUrl).origin;
  return origin + facts.apiPrefix;
}

/** The user's arguments, and behind them what they leave open. */
export function composeArguments(request: ArgumentRequest, facts: ArgumentFacts, port: number): string[] {
  const { args, modelPath, alias, slots } = request;
  const missing: string[] = [];
  const add = (names: readonly string[], value: string | undefined) => {
    if (value !== undefined && names[0] !== undefined && flagValue(args, names) === undefined) {
      missing.push(names[0], value);
    }
  };
  add(HOST, facts.host);
  add(MODEL, modelPath);
  add(ALIAS, modelPath === undefined ? undefined : alias);
  add(SLOTS, slots === undefined ? undefined : String(slots));
  // With port 0 nobody but the server would know its port.
  const said = flagValue(args, PORT);
  if (said !== undefined && said !== '0') return [...args, ...missing];
  return [...withoutPort(args), ...missing, '--port', String(port)];
}

/** `--name value` and `--name=value`; the last one counts, as in llama-server. */
function flagValue(args: readonly string[], names: readonly string[]): string | undefined {
  let value: string | undefined;
  args.forEach((arg, at) => {
    const name = names.find((candidate) => arg === candidate || arg.startsWith(`${candidate}=`));
    if (name === undefined) return;
    const found = arg === name ? args[at + 1] : arg.slice(name.length + 1);
    if (found !== undefined) value = found;
  });
  return value;
}

function withoutPort(args: readonly string[]): string[] {
  return args.filter((arg, at) => arg !== '--port' && args[at - 1] !== '--port' && !arg.startsWith('--port='));
}

function reachable(host: string): string {
  if (host === '0.0.0.0') return LOOPBACK;
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new GollamaError('configuration', `--port ${text} in the engine arguments is no port`, {
    hint: 'a port is a number from 1 to 65535; without --port gollama chooses a free one',
  });
}

function parseUrl(text: string): URL {
  if (URL.canParse(text)) return new URL(text);
  throw new GollamaError('configuration', `the base_url of the engine is no URL: ${text}`, {
    hint: 'write it as http://127.0.0.1:8080',
  });
}

function portOf(url: URL): number {
  return url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
}
