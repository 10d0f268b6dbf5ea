/** The installed command as a process: `bin/run.js`, in a home of its own, without the user's environment. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { atEnd } from './ending.js';
import { makePlace, type Place } from './place.js';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Of the release where one was made for this run (`release-setup.ts`), otherwise of the checkout. */
export const RUN_JS = process.env.GOLLAMA_TEST_RUN_JS ?? `${ROOT}bin/run.js`;

export interface ProcessOptions {
  /** Default: a new one. */
  readonly place?: Place;
  /** Beside PATH and HOME; undefined takes away what is there otherwise. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default: this repository's. */
  readonly runJs?: string;
  readonly stdin?: string;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Outcome extends Ended {
  readonly stdout: string;
  readonly stderr: string;
}

/** A line of the log. */
export interface LogRecord {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** What a process is given to end by itself before it is killed. */
const END_PATIENCE_MS = 15_000;

function environment(place: Place, env: ProcessOptions['env']): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, HOME: place.home, NO_COLOR: '1', ...env };
}

function spawnNode(args: readonly string[], options: ProcessOptions & { place: Place }): ChildProcess {
  const { place, env, runJs = RUN_JS, stdin } = options;
  const child = spawn(process.execPath, [runJs, ...args], {
    cwd: place.cwd,
    env: environment(place, env),
    stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  child.stdin?.end(stdin);
  return child;
}

/** Runs a command to its end. */
export async function gollama(args: readonly string[], options: ProcessOptions = {}): Promise<Outcome> {
  const child = spawnNode(args, { ...options, place: options.place ?? makePlace() });
  atEnd(() => child.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal, stdout, stderr };
}

/** `gollama serve` while it runs. Its log level is `debug`, so that the engine processes can be told, and ended. */
export class GollamaProcess {
  readonly place: Place;
  readonly pid: number;
  /** What it wrote to stderr that is no JSON, such as the message it ends with. */
  readonly words: string[] = [];
  readonly records: LogRecord[] = [];
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  readonly #waiting = new Set<() => void>();
  #cursor = 0;
  #isOver = false;
  #stdout = '';

  /** Starts it on a free port; resolves as soon as the process runs. `atEnd` stops it. */
  static start(args: readonly string[], options: ProcessOptions = {}): GollamaProcess {
    const place = options.place ?? makePlace();
    const begun = new GollamaProcess(spawnNode(args, { ...options, place }), place);
    atEnd(() => begun.stop());
    return begun;
  }

  /** `gollama serve` with these arguments too, listening. Rejects where it ends before. */
  static async serve(args: readonly string[] = [], options: ProcessOptions = {}): Promise<GollamaProcess> {
    const place = options.place ?? makePlace();
    const usual = ['serve', '--port', '0', '--data-dir', place.dataDir, '--log-level', 'debug'];
    const begun = GollamaProcess.start([...usual, ...args], { ...options, place });
    await begun.listening();
    return begun;
  }

  private constructor(child: ChildProcess, place: Place) {
    this.#child = child;
    this.place = place;
    this.pid = child.pid ?? 0;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
    });
    if (child.stderr) createInterface({ input: child.stderr }).on('line', (line) => this.#read(line));
    this.ended = once(child, 'close').then(([code, signal]) => {
      this.#isOver = true;
      this.#tell();
      return { code, signal } as Ended;
    });
  }

  get stdout(): string {
    return this.#stdout;
  }

  /** Where it listens; empty before. */
  get url(): string {
    return String(this.records.find(({ url }) => typeof url === 'string')?.url ?? '');
  }

  async listening(): Promise<string> {
    if (this.url === '') await this.record(({ msg }) => msg.startsWith('listening'));
    return this.url;
  }

  /** Listening, and an engine answers. */
  async ready(): Promise<string> {
    await this.listening();
    await this.record(({ msg }) => msg === 'serving');
    return this.url;
  }

  /** Process ids of the engines that were started, oldest first. */
  get enginePids(): number[] {
    return this.records.filter(({ msg }) => msg === 'engine process started').map(({ pid }) => Number(pid));
  }

  /** The next record like that, behind the one that was found before. Rejects where the process ends without it. */
  async record(isIt: (record: LogRecord) => boolean): Promise<LogRecord> {
    for (;;) {
      while (this.#cursor < this.records.length) {
        const record = this.records[this.#cursor++];
        if (record && isIt(record)) return record;
      }
      if (this.#isOver) throw new Error(`gollama ended without that record:\n${this.told()}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Resolves as soon as something it wrote to stderr contains that. Rejects where it ends before. */
  async saying(text: string): Promise<void> {
    while (!this.told().includes(text)) {
      if (this.#isOver) throw new Error(`gollama ended without these words: ${text}\n${this.told()}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Idempotent. Lets it end in good order, and kills it and its engines where it does not. */
  async stop(): Promise<Ended> {
    this.#child.kill('SIGTERM');
    const impatience = setTimeout(() => this.kill(), END_PATIENCE_MS);
    const ended = await this.ended;
    clearTimeout(impatience);
    return ended;
  }

  /** SIGKILL to it and to every engine it started: nobody else would end those. */
  kill(): void {
    this.#child.kill('SIGKILL');
    for (const pid of this.enginePids) {
      try {
        process.kill(-pid, 'SIGKILL');
      } catch {
        // It has ended.
      }
    }
  }

  /** Everything it wrote, for a message. */
  told(): string {
    return [...this.records.map((record) => JSON.stringify(record)), ...this.words, this.#stdout].join('\n');
  }

  #read(line: string): void {
    const record = parse(line);
    if (record) this.records.push(record);
    else this.words.push(line);
    this.#tell();
  }

  #tell(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

function parse(line: string): LogRecord | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as LogRecord;
  } catch {
    return undefined;
  }
}
