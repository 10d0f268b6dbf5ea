/** The server that answers: the one at the address, or one of our own in this process. */
import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { GollamaError } from '../../base/errors.js';
import { resolvePath } from '../../chat/attachments.js';
import { type ChatServer, chooseAnswers } from '../../chat/choose-answers.js';
import type { EngineReport } from '../../protocol/status.js';
import type { ChatSurroundings } from './command.js';
import type { ChatWish } from './wish.js';

/** A server in this process. */
interface OwnServer {
  readonly url: string;
  readonly apiKey: string | undefined;
  /** What is to be known about it, such as where its log is. */
  readonly notes: readonly string[];
  /** Idempotent. */
  stop(): Promise<void>;
}

export interface OwnServerOptions {
  /** A model file; undefined: as it is configured. */
  readonly model: string | undefined;
  /** Taken where it is free. */
  readonly port: number | undefined;
  /** Its engines are starting; `undefined` when that is over. */
  readonly onStarting: (engines: readonly EngineReport[] | undefined) => void;
  readonly signal: AbortSignal;
}

/** Resolves when its engines are ready. */
export type StartOwnServer = (options: OwnServerOptions) => Promise<OwnServer>;

export interface ConnectParts {
  readonly around: Pick<ChatSurroundings, 'cwd' | 'home'>;
  readonly start: StartOwnServer;
  readonly onStarting: OwnServerOptions['onStarting'];
  /** Asks the user whether to start one; without it, nobody can be asked. */
  readonly offer?: ((why: GollamaError) => Promise<boolean>) | undefined;
  readonly signal: AbortSignal;
}

export interface Connection {
  readonly server: ChatServer;
  readonly apiKey: string | undefined;
  readonly own: OwnServer | undefined;
  /** The model of that name is wanted; undefined where a file was named, which is the only model then. */
  readonly model: string | undefined;
}

/** Rejects with `unreachable`, as `chooseAnswers` does, and with what `start` rejects with. */
export async function connect(wish: ChatWish, parts: ConnectParts): Promise<Connection> {
  const file = wish.isServerNamed ? undefined : await modelFile(wish.model, parts.around);
  if (file !== undefined) return startOwn(wish, file, parts);
  try {
    const { server: url, apiKey } = wish;
    const server = await chooseAnswers({ server: url, apiKey }, parts.signal);
    return { server, apiKey, own: undefined, model: wish.model };
  } catch (thrown) {
    if (!(thrown instanceof GollamaError) || thrown.code !== 'unreachable') throw thrown;
    if (!wish.serves && !(isLocal(wish.server) && (await parts.offer?.(thrown)))) throw withWay(thrown, wish);
    return startOwn(wish, undefined, parts);
  }
}

async function startOwn(wish: ChatWish, file: string | undefined, parts: ConnectParts): Promise<Connection> {
  const { start, onStarting, signal } = parts;
  const port = isLocal(wish.server) ? Number(new URL(wish.server).port) || undefined : undefined;
  const own = await start({ model: file, port, onStarting, signal });
  try {
    const apiKey = own.apiKey ?? wish.apiKey;
    const server = await chooseAnswers({ server: own.url, apiKey }, signal);
    return { server, apiKey, own, model: file === undefined ? wish.model : undefined };
  } catch (thrown) {
    await own.stop();
    throw thrown;
  }
}

function isLocal(url: string): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname);
}

function withWay(error: GollamaError, { server }: ChatWish): GollamaError {
  const { cause } = error;
  // Something is there: a server more would not help.
  if (!(cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED')) return error;
  const start = isLocal(server)
    ? 'start one in the same program: gollama chat --serve, or gollama chat -m FILE.gguf; '
    : '';
  return new GollamaError('unreachable', error.message, { cause: error, hint: `${start}or apart: gollama serve` });
}

const GGUF = Buffer.from('GGUF');

/** Absolute, where a file is meant: by its ending, or because it is there and begins as a model does. Throws `not_found`. */
async function modelFile(model: string | undefined, around: ConnectParts['around']): Promise<string | undefined> {
  if (model === undefined) return undefined;
  const path = resolvePath(model, around);
  const begin = await beginOf(path, GGUF.length);
  if (begin?.equals(GGUF)) return path;
  if (!model.endsWith('.gguf')) return undefined;
  if (begin !== undefined) throw new GollamaError('usage', `${model} is no model file: it does not begin as GGUF does`);
  const names = await readdir(dirname(path)).catch(() => []);
  const others = names.filter((name) => name.endsWith('.gguf')).toSorted();
  throw new GollamaError('not_found', `no such file: ${model}`, {
    hint:
      others.length === 0
        ? 'name a model file, or a model of the server'
        : `in that folder: ${others.slice(0, 8).join(', ')}`,
  });
}

/** Undefined where there is no such file. */
async function beginOf(path: string, sizeBytes: number): Promise<Buffer | undefined> {
  // A pipe would keep us waiting for its other end.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => undefined);
  if (!file) return undefined;
  try {
    if (!(await file.stat()).isFile()) return undefined;
    const bytes = Buffer.alloc(sizeBytes);
    await file.read(bytes, 0, sizeBytes, 0);
    return bytes;
  } finally {
    await file.close();
  }
}
