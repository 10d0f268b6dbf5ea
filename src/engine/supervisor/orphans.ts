/**
 * Remembers on disk which children this gateway started, so that the next one can end those that outlived a gateway
 * that was killed: an orphan holds its port and the memory of its model.
 *
 * One file a child, `<dataDir>/children/<pid>.json`, written by the gateway that owns the child and by nobody else, so
 * that two gateways with one data directory cannot overwrite each other. A child is ended only where everything
 * matches: same machine and boot, its gateway gone, and the process under its number still the one recorded (number,
 * start time, arguments). What cannot be told apart for certain is left alone.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type Clock, pause } from '../../base/clock.js';
import { messageOf } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { identityOf, isGroupRunning, type ProcessIdentity, signalGroup } from './process-identity.js';

export interface OrphansDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly dataDir: string;
}

interface ChildRecord {
  readonly version: 1;
  readonly engine: string;
  /** Machine, boot and process-number space that the numbers below belong to. */
  readonly scope: string;
  readonly pid: number;
  readonly startTime: string;
  /** SHA-256 of the arguments joined by spaces: they may hold a key, so they are not written down. */
  readonly argsHash: string;
  readonly argsChars: number;
  readonly gatewayPid: number;
  readonly gatewayStartTime: string;
}

/** Time for an orphan to end by itself after SIGTERM, and then for the system to end it. */
const TERM_WAIT_MS = 3_000;
const KILL_WAIT_MS = 5_000;
const LOOK_MS = 50;

export class Orphans {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #folder: string;

  constructor(dependencies: OrphansDependencies) {
    this.#clock = dependencies.clock;
    this.#logger = dependencies.logger;
    this.#folder = join(dependencies.dataDir, 'children');
  }

  /** Notes a child of this process. Never throws: without the note the child runs as well. */
  record(engine: string, pid: number, args: readonly string[]): void {
    const child = identityOf(pid);
    const gateway = identityOf(process.pid);
    if (!child || !gateway) return;
    const joined = args.join(' ');
    const record: ChildRecord = {
      version: 1,
      engine,
      scope: scopeOfThisProcess(),
      pid,
      startTime: child.startTime,
      argsHash: hashOf(joined),
      argsChars: joined.length,
      gatewayPid: process.pid,
      gatewayStartTime: gateway.startTime,
    };
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      const path = this.#pathOf(pid);
      const unfinished = `${path}.${process.pid}.tmp`;
      writeFileSync(unfinished, `${JSON.stringify(record)}\n`, { mode: 0o600 });
      renameSync(unfinished, path);
    } catch (error) {
      this.#logger.warn({ folder: this.#folder, reason: messageOf(error) }, 'cannot note the engine process on disk');
    }
  }

  /** Drops the note of a child that is gone. Never throws. */
  forget(pid: number): void {
    this.#remove(this.#pathOf(pid));
  }

  /** Ends every orphan. Resolves with how many when none of them runs any more; it never rejects. */
  async reap(): Promise<number> {
    const ended = await Promise.all(this.#names().map((name) => this.#reapOne(join(this.#folder, name))));
    const orphans = ended.filter((record) => record !== undefined);
    if (orphans.length > 0) {
      const children = orphans.map(({ engine, pid }) => `${engine} (pid ${pid})`).join(', ');
      this.#logger.warn({ children }, `ended ${orphans.length} engine process(es) left behind by an earlier gollama`);
    }
    return orphans.length;
  }

  #names(): string[] {
    try {
      return readdirSync(this.#folder).filter((name) => /^\d+\.json$/.test(name));
    } catch {
      return [];
    }
  }

  async #reapOne(path: string): Promise<ChildRecord | undefined> {
    const record = this.#read(path);
    if (!record) return undefined;
    const verdict = judge(record, scopeOfThisProcess(), identityOf);
    if (verdict === 'keep') return undefined;
    if (verdict === 'orphan') await this.#end(record);
    this.#remove(path);
    return verdict === 'orphan' ? record : undefined;
  }

  async #end(record: ChildRecord): Promise<void> {
    signalGroup(record.pid, 'SIGTERM');
    if (await this.#isGone(record.pid, TERM_WAIT_MS)) return;
    signalGroup(record.pid, 'SIGKILL');
    if (await this.#isGone(record.pid, KILL_WAIT_MS)) return;
    this.#logger.error({ engine: record.engine, pid: record.pid }, 'an orphaned engine process cannot be killed');
  }

  async #isGone(pid: number, patienceMs: number): Promise<boolean> {
    const untilMs = this.#clock.now() + patienceMs;
    while (isGroupRunning(pid)) {
      if (this.#clock.now() >= untilMs) return false;
      await pause(this.#clock, LOOK_MS);
    }
    return true;
  }

  #read(path: string): ChildRecord | undefined {
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
    const record = parseRecord(text);
    if (record) return record;
    try {
      renameSync(path, `${path}.corrupt`);
    } catch {
      return undefined;
    }
    this.#logger.warn({ path: `${path}.corrupt` }, 'a note on an engine process cannot be read; it was set aside');
    return undefined;
  }

  #pathOf(pid: number): string {
    return join(this.#folder, `${pid}.json`);
  }

  #remove(path: string): void {
    try {
      rmSync(path, { force: true });
    } catch (error) {
      this.#logger.warn({ path, reason: messageOf(error) }, 'cannot remove the note on an engine process');
    }
  }
}

/**
 * What to do about a noted child:
 * 1. noted on another machine, or in another container: its numbers mean nothing here: `keep`
 * 2. noted before the machine was started again: nothing of it runs: `stale`
 * 3. its gateway still runs: `keep`
 * 4. no process has its number, or another one has it by now: `stale`
 * 5. otherwise it is an `orphan`
 */
function judge(
  record: ChildRecord,
  scope: string,
  lookUp: (pid: number) => ProcessIdentity | undefined,
): 'keep' | 'stale' | 'orphan' {
  const [machine, boot] = record.scope.split(' ');
  const [ownMachine, ownBoot] = scope.split(' ');
  if (machine !== ownMachine) return 'keep';
  if (boot !== ownBoot) return 'stale';
  if (record.scope !== scope) return 'keep';
  if (lookUp(record.gatewayPid)?.startTime === record.gatewayStartTime) return 'keep';
  const found = lookUp(record.pid);
  if (!found || found.startTime !== record.startTime) return 'stale';
  // A wrapper script that execs the server changes what stands before the arguments, not the arguments.
  const args = record.argsChars === 0 ? '' : found.commandLine.slice(-record.argsChars);
  return hashOf(args) === record.argsHash ? 'orphan' : 'stale';
}

function scopeOfThisProcess(): string {
  return [hostname(), readOr('/proc/sys/kernel/random/boot_id', '-'), numberSpace()].join(' ');
}

/** Containers may share a data directory and a host name, but not their process numbers. */
function numberSpace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '-';
  }
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return otherwise;
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function parseRecord(text: string): ChildRecord | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isRecord(parsed) ? parsed : undefined;
}

function isRecord(value: unknown): value is ChildRecord {
  if (typeof value !== 'object' || value === null) return false;
  const field = (name: string): unknown => (name in value ? value[name as keyof typeof value] : undefined);
  const texts = ['engine', 'scope', 'startTime', 'argsHash', 'gatewayStartTime'];
  const numbers = ['pid', 'argsChars', 'gatewayPid'];
  return (
    field('version') === 1 &&
    texts.every((name) => typeof field(name) === 'string') &&
    numbers.every((name) => Number.isSafeInteger(field(name)) && Number(field(name)) >= 0) &&
    Number(field('pid')) > 1
  );
}
