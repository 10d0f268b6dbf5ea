/** The server: its address, its folder, and whether it runs. */
import { GollamaError } from '../../base/errors.js';
import type { ServerStatus } from '../../protocol/status.js';
import { durationText } from '../duration-text.js';
import { type Check, fail, failed, ok, warn } from './check.js';
import { count } from './config-check.js';
import { sizeText } from './engine-checks.js';

export interface PortFacts {
  readonly host: string;
  readonly port: number;
  /** The system's code where nobody can listen there; undefined: it is free. */
  readonly problem: string | undefined;
  /** The gollama that has it. */
  readonly server: ServerStatus | undefined;
}

export interface FolderFacts {
  readonly folder: string;
  /** Why it cannot be written, or be made. */
  readonly problem: string | undefined;
  /** undefined: the system does not tell. */
  readonly freeBytes: number | undefined;
  /** The process that uses it. */
  readonly holder: number | undefined;
  /** The gollama that answers at the address of this configuration. */
  readonly server: ServerStatus | undefined;
}

export interface GatewayFacts {
  readonly url: string;
  /** By --server or $GOLLAMA_URL: then it is expected to be there. */
  readonly isNamed: boolean;
  readonly answer: ServerStatus | GollamaError;
}

const FREE_BYTES_FAIL = 64 * 1024 * 1024;
const FREE_BYTES_WARN = 1024 * 1024 * 1024;

export function portCheck(facts: PortFacts | GollamaError): Check {
  const name = 'port';
  if (facts instanceof GollamaError) return failed(name, facts);
  const { host, port, problem, server } = facts;
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  if (port === 0) return ok(name, 'any free one');
  if (problem === undefined) return ok(name, `${address} free`);
  if (server) return ok(name, `${address} in use by ${serverText(server)}`);
  const other = `gollama config set server.addr :${port < 1024 ? 8081 : port + 1}`;
  if (problem === 'EADDRINUSE') return fail(name, `${address} is in use by another program`, `stop that, or: ${other}`);
  if (problem === 'EACCES') return fail(name, `${address} needs more rights than you have`, other);
  if (problem === 'EADDRNOTAVAIL') return fail(name, `${host} is no address of this machine`, other);
  return fail(name, `${address}: ${problem}`, other);
}

export function folderCheck({ folder, problem, freeBytes, holder, server }: FolderFacts): Check {
  const name = 'data-folder';
  if (problem !== undefined) {
    return fail(name, `${folder}: ${problem}`, 'make it writable, or: gollama config set data_dir DIR');
  }
  const isOurs = holder !== undefined && (server?.pid === undefined ? server !== undefined : server.pid === holder);
  if (holder !== undefined && !isOurs) {
    return fail(
      name,
      `${folder} is in use by process ${holder}, which does not answer at the address of this configuration`,
      `stop it: kill ${holder}; or give this one its own: gollama config set data_dir DIR`,
    );
  }
  const room = freeBytes === undefined ? '' : `, ${sizeText(freeBytes)} free`;
  const use = isOurs ? ', in use by the server that runs' : '';
  const text = `${folder}${room}${use}`;
  const fix = 'make room on that disk, or: gollama config set data_dir DIR';
  if (freeBytes !== undefined && freeBytes < FREE_BYTES_FAIL) return fail(name, text, fix);
  return freeBytes !== undefined && freeBytes < FREE_BYTES_WARN ? warn(name, text, fix) : ok(name, text);
}

export function gatewayCheck({ url, isNamed, answer }: GatewayFacts): Check {
  const name = 'gateway';
  if (answer instanceof GollamaError) {
    if (answer.code === 'unauthorized' || answer.code === 'forbidden') {
      return fail(name, `${url} refuses the key: ${answer.message}`, 'put the key into $GOLLAMA_API_KEY');
    }
    if (isNamed) return failed(name, answer);
    return warn(name, `no server runs at ${url}`, 'gollama serve');
  }
  const waiting = answer.engines.filter(({ state }) => state !== 'ready');
  const text = `${url}: ${serverText(answer)}, ${count(answer.engines.length, 'engine')}`;
  if (waiting.length === 0) return ok(name, text);
  const told = waiting.map(
    ({ name: engine, state, last_error: error }) => `${engine} is ${state}${error ? `: ${error}` : ''}`,
  );
  return warn(name, [text, ...told].join('\n'), 'gollama status --watch shows when that changes');
}

function serverText({ version, pid, uptime_s: uptimeS }: ServerStatus): string {
  return `gollama ${version} (${pid === undefined ? '' : `pid ${pid}, `}up ${durationText(uptimeS)})`;
}
