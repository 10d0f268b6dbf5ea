/** One child process in a process group of its own: its output as lines, its exit, its end with all descendants. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Clock } from '../../base/clock.js';
import { pause } from '../../base/clock.js';
import type { Exit } from './exit-class.js';
import { LineReader } from './line-reader.js';
import { isGroupRunning, signalGroup } from './process-identity.js';

export interface ChildCommand {
  /** Absolute path. */
  readonly bin: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

export type OutputStream = 'stdout' | 'stderr';

export interface ChildWatch {
  readonly clock: Clock;
  /** Called for every line of the child, also those just after its exit. */
  onLine(line: string, stream: OutputStream): void;
}

const TAIL_LINES_MAX = 40;
const TAIL_LINE_CHARS_MAX = 500;
/** The last words of a child may arrive after its exit; a descendant that holds the pipes must not delay longer. */
const LAST_WORDS_MS = 250;
const GONE_LOOK_MS = 20;
const GONE_WAIT_MS = 5_000;

/** Groups to end if this process ends without having stopped them (an uncaught error). */
const living = new Set<number>();
process.on('exit', () => {
  for (const groupId of living) signalGroup(groupId, 'SIGKILL');
});

export class Child {
  /** Also the id of its process group. */
  readonly pid: number;
  /** The leader's exit, as soon as its last words are in. */
  readonly exited: Promise<Exit>;
  /**
   * Resolves when no process of the group runs any more: what the leader left behind is killed. True where that is
   * certain; false where something could not be killed within 5 s (stuck in the kernel).
   */
  readonly gone: Promise<boolean>;
  readonly #clock: Clock;
  readonly #tail: string[] = [];

  /** Rejects with the system's error where the program cannot be run. */
  static async spawn(command: ChildCommand, watch: ChildWatch): Promise<Child> {
    const handle = spawn(command.bin, command.args, {
      cwd: command.cwd,
      env: command.env,
      // A group of its own: Ctrl+C at the terminal must not reach the engine before its streams are drained.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const exited = exitOf(handle, watch.clock);
    await new Promise<void>((resolve, reject) => {
      handle.once('spawn', resolve);
      handle.once('error', reject);
    });
    if (handle.pid === undefined) throw new Error(`${command.bin} has no process id`);
    return new Child(handle, handle.pid, exited, watch);
  }

  private constructor(handle: ChildProcess, pid: number, exited: Promise<Exit>, watch: ChildWatch) {
    this.pid = pid;
    this.#clock = watch.clock;
    living.add(pid);
    this.#read(handle, 'stdout', watch);
    this.#read(handle, 'stderr', watch);
    handle.once('exit', () => signalGroup(pid, 'SIGKILL'));
    this.exited = exited;
    this.gone = exited.then(() => this.#end());
  }

  /** Its last lines, oldest first; of a long line the beginning. */
  tail(): readonly string[] {
    return this.#tail;
  }

  /** False where the group has ended already. */
  signal(signal: NodeJS.Signals): boolean {
    return living.has(this.pid) && signalGroup(this.pid, signal);
  }

  #read(handle: ChildProcess, name: OutputStream, watch: ChildWatch): void {
    const pipe = handle[name];
    if (!pipe) return;
    const reader = new LineReader((line) => {
      this.#remember(line);
      watch.onLine(line, name);
    });
    pipe.on('data', (chunk: Buffer) => reader.push(chunk));
    pipe.once('close', () => reader.end());
    // A pipe that breaks says nothing that the exit does not.
    pipe.on('error', () => {});
  }

  #remember(line: string): void {
    this.#tail.push(line.slice(0, TAIL_LINE_CHARS_MAX));
    if (this.#tail.length > TAIL_LINES_MAX) this.#tail.shift();
  }

  async #end(): Promise<boolean> {
    const untilMs = this.#clock.now() + GONE_WAIT_MS;
    while (isGroupRunning(this.pid) && this.#clock.now() < untilMs) {
      signalGroup(this.pid, 'SIGKILL');
      await pause(this.#clock, GONE_LOOK_MS);
    }
    living.delete(this.pid);
    return !isGroupRunning(this.pid);
  }
}

/**
 * 'exit' tells the end of the leader; 'close' waits for the pipes, which a descendant may hold open for ever. So: the
 * pipes get a short time after the exit, then they are closed from this side.
 */
function exitOf(handle: ChildProcess, clock: Clock): Promise<Exit> {
  return new Promise((resolve) => {
    handle.once('exit', (code, signal) => {
      const timer = clock.after(LAST_WORDS_MS, () => {
        handle.stdout?.destroy();
        handle.stderr?.destroy();
        resolve({ code, signal });
      });
      handle.once('close', () => {
        timer.cancel();
        resolve({ code, signal });
      });
    });
  });
}
