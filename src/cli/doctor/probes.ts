/** How the doctor looks at the world: each look ends in a few seconds, and none throws. */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, open, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../../base/clock.js';
import { messageOf } from '../../base/errors.js';
import { Deadline } from '../../client/deadline.js';
import type { ModelHead, UpstreamAnswer, VersionAnswer } from './engine-checks.js';

const PATIENCE_MS = 5_000;
const OUTPUT_BYTES_MAX = 1024 * 1024;
/** A list of models is far shorter. */
const BODY_BYTES_MAX = 4 * 1024 * 1024;

/** What `program --version` says: llama-server has it on stderr, between what it tells of its devices. */
export function askVersion(program: string): Promise<VersionAnswer> {
  const limits = { timeout: PATIENCE_MS, killSignal: 'SIGKILL', maxBuffer: OUTPUT_BYTES_MAX } as const;
  return new Promise((resolve) => {
    execFile(program, ['--version'], limits, (error, stdout, stderr) => {
      const lines = `${stdout}\n${stderr}`.split('\n').map((line) => line.trim());
      const version = lines.find((line) => /^version:/i.test(line))?.replace(/^version:\s*/i, '');
      if (version) return resolve({ version });
      if (error?.killed) return resolve({ problem: `does not tell its version within ${PATIENCE_MS / 1000} s` });
      const last = lines.filter((line) => line !== '').at(-1);
      resolve({ problem: error ? `fails: ${last ?? messageOf(error)}` : 'does not tell a version' });
    });
  });
}

export async function readModelHead(path: string): Promise<ModelHead> {
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
      return { magic: buffer.toString('latin1', 0, bytesRead), sizeBytes: (await file.stat()).size };
    } finally {
      await file.close();
    }
  } catch (thrown) {
    return { problem: messageOf(thrown) };
  }
}

export interface Upstream {
  readonly url: string;
  readonly apiKey: string | undefined;
}

/** Asks for the list of models; `url` is that of the list. */
export async function askUpstream({ url, apiKey }: Upstream, clock: Clock): Promise<UpstreamAnswer> {
  const deadline = new Deadline(clock, PATIENCE_MS, undefined);
  const { bare, user } = apart(url);
  const authorization = apiKey === undefined ? user : `Bearer ${apiKey}`;
  const headers = authorization === undefined ? {} : { authorization };
  try {
    const response = await fetch(bare, { headers, signal: deadline.signal });
    return { status: response.status, models: modelsIn(await documentIn(response).catch(() => undefined)) };
  } catch (thrown) {
    if (deadline.isOver) return { problem: `nothing for ${PATIENCE_MS / 1000} s` };
    // The reason is what fetch failed by, not that it failed.
    return { problem: messageOf((thrown as { cause?: unknown }).cause ?? thrown) };
  } finally {
    deadline.dispose();
  }
}

/** fetch takes no URL with a user in it. */
function apart(url: string): { bare: string; user: string | undefined } {
  const parts = new URL(url);
  const { username, password } = parts;
  parts.username = '';
  parts.password = '';
  const plain = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { bare: parts.href, user: username === '' ? undefined : `Basic ${Buffer.from(plain).toString('base64')}` };
}

/** Rejects for what is no JSON, and for what has no end. */
async function documentIn(response: Response): Promise<unknown> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    sizeBytes += part.length;
    if (sizeBytes > BODY_BYTES_MAX) throw new Error('the answer is too long');
    parts.push(part);
  }
  return JSON.parse(Buffer.concat(parts).toString('utf8'));
}

/** `data` in OpenAI's list, `models` in Ollama's. */
function modelsIn(body: unknown): number | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const list = 'data' in body ? body.data : 'models' in body ? body.models : undefined;
  return Array.isArray(list) ? list.length : undefined;
}

export interface FolderLook {
  readonly problem: string | undefined;
  readonly freeBytes: number | undefined;
}

/** At the folder, or at the nearest one above it that is there. */
export async function lookAtFolder(folder: string): Promise<FolderLook> {
  try {
    const there = await nearestThere(folder);
    if (!(await stat(there)).isDirectory()) return { problem: `${there} is no folder`, freeBytes: undefined };
    await access(there, constants.W_OK | constants.X_OK);
    const { bavail, bsize } = await statfs(there);
    return { problem: undefined, freeBytes: bavail * bsize };
  } catch (thrown) {
    return { problem: messageOf(thrown), freeBytes: undefined };
  }
}

async function nearestThere(path: string): Promise<string> {
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  return isThere || dirname(path) === path ? path : nearestThere(dirname(path));
}
