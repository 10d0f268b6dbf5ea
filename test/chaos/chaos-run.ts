/** The chaos test: answers, their readers, a bad network and a server that is killed; then the verdict. */
import { setMaxListeners } from 'node:events';
import { seededRandom } from '../../src/base/random.js';
import type { TaskReport } from '../../src/protocol/task.js';
import { CrashServer, endServersAtEnd } from '../crash/crash-server.js';
import { Dice } from '../crash/dice.js';
import { atEnd } from '../support/ending.js';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http.js';
import { makePlace, type Place } from '../support/place.js';
import { BadNetwork } from './bad-network.js';
import { type Asked, drawFaces, type Face, transcriptOf } from './faces.js';
import type { ChaosOptions } from './options.js';
import { TellingEngine } from './telling-engine.js';
import type { Transcript } from './transcript.js';
import { type Life, violations } from './verdict.js';

interface FaceCounts {
  readers: number;
  connections: number;
  restarts: number;
  /** Was told that there is nothing to come back for. */
  untold: number;
  characters: number;
  /** From the end of an answer, at the longest, until a reader was told it and left. */
  slowest_ms: number;
}

export interface ChaosReport {
  readonly violations: readonly string[];
  readonly faces: Readonly<Record<string, FaceCounts>>;
  readonly counts: Readonly<Record<string, number>>;
}

interface Answer {
  readonly mark: string;
  readonly id: string;
  readonly chatId: string;
  readonly transcripts: Transcript[];
}

const ASKED: Readonly<Record<Asked, number>> = { task: 40, 'channel chat': 20, response: 25, page: 15 };
const CANCELLED = 0.04;
const SUBMITS_AT_ONCE = 8;
/** A reader comes so long after the answer was asked for. */
const COMING_MS = { 'at once': [0, 50], soon: [50, 1_500], late: [1_500, 6_000] } as const;
const COMING = { 'at once': 60, soon: 25, late: 15 };
/** Where the answers do not get on so far, the kill comes anyway. */
const KILL_WITHIN_MS = 6_000;
const PATIENCE_MS = 180_000;
/** For readers, in good weather. */
const GOOD_END_MS = 45_000;

/** `tell` gets a line now and then. */
export function chaosRun(options: ChaosOptions, tell: (line: string) => void): Promise<ChaosReport> {
  return new ChaosRun(options, tell).run();
}

class ChaosRun {
  readonly #options: ChaosOptions;
  readonly #tell: (line: string) => void;
  readonly #dice: Dice;
  readonly #place: Place = makePlace();
  readonly #answers: Answer[] = [];
  readonly #over = new AbortController();
  readonly #counts: Record<string, number> = {};
  readonly #reading: Promise<void>[] = [];
  readonly #lives: Life[] = [];
  #readersLeft = 0;

  constructor(options: ChaosOptions, tell: (line: string) => void) {
    this.#options = options;
    this.#tell = tell;
    this.#dice = new Dice(seededRandom(options.seed));
    // Every reader listens.
    setMaxListeners(0, this.#over.signal);
    endServersAtEnd();
  }

  async run(): Promise<ChaosReport> {
    const engine = await TellingEngine.start(this.#options.seed);
    const config = this.#place.write('gollama.yaml', configText(engine.url, this.#options.slots));
    let server = this.#start(config);
    const network = await BadNetwork.to(await server.listening, this.#dice);
    atEnd(() => this.#over.abort());
    network.rage();
    await this.#askAll(await server.listening, network.url);
    engine.speak();
    for (let kill = 1; kill <= this.#options.kills; kill += 1) {
      server = await this.#kill(server, config, engine, kill);
      network.redirect(await server.listening);
    }
    const url = await server.listening;
    const reports = await this.#ended(url);
    await this.#readersDone(network);
    await server.end('SIGTERM');
    return this.#report(engine, network, reports);
  }

  #start(config: string): CrashServer {
    const startedEpochMs = Date.now();
    const server = new CrashServer(this.#options.runJs, this.#place, config);
    void server.listening.then(
      () => this.#lives.push({ startedEpochMs, listeningEpochMs: Date.now() }),
      () => {},
    );
    return server;
  }

  async #askAll(url: string, network: string): Promise<void> {
    const marks = Array.from({ length: this.#options.streams }, (_, at) => `mark-${at + 1}`);
    const next = async (): Promise<void> => {
      for (let mark = marks.shift(); mark !== undefined; mark = marks.shift()) await this.#ask(url, network, mark);
    };
    await Promise.all(Array.from({ length: SUBMITS_AT_ONCE }, next));
  }

  async #ask(url: string, network: string, mark: string): Promise<void> {
    const asked = this.#dice.draw(ASKED);
    const faces = drawFaces(asked, this.#options.readers, this.#dice);
    const chatId = `chat-of-${mark}`;
    const answer: Answer = { mark, chatId, id: await askFor(url, asked, mark, chatId), transcripts: [] };
    this.#answers.push(answer);
    this.#count(`asked for: ${asked}`);
    for (const face of faces) this.#read(answer, network, face);
    if (asked !== 'page' && this.#dice.chance(CANCELLED)) {
      const timer = setTimeout(() => void this.#cancel(network, answer), this.#dice.between(0, 5_000));
      atEnd(() => clearTimeout(timer));
    }
  }

  #read({ id, chatId, transcripts }: Answer, url: string, [name, face]: readonly [string, Face]): void {
    const transcript = transcriptOf(name);
    transcripts.push(transcript);
    this.#readersLeft += 1;
    const dice = new Dice(seededRandom(this.#dice.whole(0, 2 ** 31)));
    const [fromMs, toMs] = COMING_MS[dice.draw(COMING)];
    const comingMs = dice.between(fromMs, toMs);
    const reading = { url, id, chatId, transcript, dice, signal: this.#over.signal };
    const read = async () => {
      await wait(comingMs);
      await face(reading).catch((thrown: unknown) => transcript.fault(`threw ${String(thrown)}`));
      transcript.leftAtEpochMs = Date.now();
      this.#readersLeft -= 1;
    };
    this.#reading.push(read());
  }

  /** Whether it comes through does not matter: the task tells. */
  async #cancel(url: string, { id }: Answer): Promise<void> {
    const cancelled = send(`${url}/api/tasks/${encodeURIComponent(id)}/cancel`, { method: 'POST', body: {} });
    await cancelled.then(
      () => this.#count('cancelled'),
      () => {},
    );
  }

  /** When so much of the work is done that the kills are spread over all of it; now and then again at once. */
  async #kill(server: CrashServer, config: string, engine: TellingEngine, kill: number): Promise<CrashServer> {
    const { streams, kills } = this.#options;
    const due = (streams * (kill - this.#dice.between(0, 0.9))) / (kills + 1);
    const isOver = () => server.isEnded || engine.told >= due;
    await eventually('it is time to kill', isOver, { everyMs: 3, patienceMs: KILL_WITHIN_MS }).catch(() => {});
    if (server.isEnded) throw new Error(`the server ended by itself:\n${server.told}`);
    const isStop = this.#dice.chance(0.2);
    await server.end(isStop ? 'SIGTERM' : 'SIGKILL');
    this.#count(isStop ? 'servers stopped in good order' : 'servers killed');
    this.#tell(`kill ${kill}: ${engine.told} answers were told, ${this.#readersLeft} readers are under way`);
    let next = this.#start(config);
    if (this.#dice.chance(0.2)) {
      await Promise.race([next.listening, wait(this.#dice.between(50, 1_500))]);
      await next.end('SIGKILL');
      this.#count('servers killed while they started');
      next = this.#start(config);
    }
    await next.listening;
    return next;
  }

  /** All tasks, when they have. */
  async #ended(url: string): Promise<ReadonlyMap<string, TaskReport>> {
    const reports = new Map<string, TaskReport>();
    const look = async (): Promise<boolean> => {
      for (const { id } of this.#answers) {
        if (reports.has(id)) continue;
        const report = (await send(`${url}/api/tasks/${encodeURIComponent(id)}`)).json<
          TaskReport & { status: string }
        >();
        if (report.status === 'pending' || report.status === 'running') return false;
        reports.set(id, report);
      }
      return true;
    };
    await eventually('every answer has ended', look, { everyMs: 100, patienceMs: PATIENCE_MS });
    this.#tell(`all answers have ended, ${this.#readersLeft} readers are under way`);
    return reports;
  }

  async #readersDone(network: BadNetwork): Promise<void> {
    const all = Promise.all(this.#reading);
    await Promise.race([all, wait(this.#options.badEndMs)]);
    network.calm();
    this.#tell(`good weather, ${this.#readersLeft} readers are under way: ${this.#readingFaces().join(', ')}`);
    await Promise.race([all, wait(GOOD_END_MS)]);
    this.#over.abort();
  }

  #readingFaces(): string[] {
    const reading = this.#answers.flatMap(({ transcripts }) => transcripts);
    return reading.flatMap(({ face, end, leftAtEpochMs }) =>
      leftAtEpochMs === undefined ? [`${face} (${end ?? 'not told the end'})`] : [],
    );
  }

  #report(engine: TellingEngine, network: BadNetwork, reports: ReadonlyMap<string, TaskReport>): ChaosReport {
    const faces: Record<string, FaceCounts> = {};
    const told = this.#answers.map(({ mark, id, transcripts }) => {
      const { status = 'missing', completed_at: endedAt = '' } = reports.get(id) ?? {};
      this.#count(`at the end ${status}`);
      const endedEpochMs = Date.parse(endedAt);
      for (const transcript of transcripts) tally(faces, transcript, endedEpochMs);
      return {
        mark: `${mark} (${id})`,
        status,
        endedEpochMs: Date.parse(endedAt),
        runs: engine.runs(mark),
        transcripts,
      };
    });
    for (const [what, count] of Object.entries(network.counts)) this.#count(`network: ${what}`, count);
    this.#count(
      'runs',
      told.reduce((sum, { runs }) => sum + runs.length, 0),
    );
    return { violations: violations(told, this.#lives), faces, counts: this.#counts };
  }

  #count(what: string, count = 1): void {
    this.#counts[what] = (this.#counts[what] ?? 0) + count;
  }
}

function tally(faces: Record<string, FaceCounts>, transcript: Transcript, endedEpochMs: number): void {
  const { face, connections, restarts, end, text, leftAtEpochMs = Date.now() } = transcript;
  const none = { readers: 0, connections: 0, restarts: 0, untold: 0, characters: 0, slowest_ms: 0 };
  const counts = faces[face] ?? none;
  faces[face] = counts;
  counts.readers += 1;
  counts.connections += connections;
  counts.restarts += restarts;
  counts.untold += end === 'untold' ? 1 : 0;
  counts.characters += text.length;
  counts.slowest_ms = Math.max(counts.slowest_ms, leftAtEpochMs - endedEpochMs);
}

/** The id of the task. */
async function askFor(url: string, asked: Asked, mark: string, chatId: string): Promise<string> {
  const prompt = `please answer ${mark}`;
  const messages = [{ role: 'user', content: prompt }];
  switch (asked) {
    case 'task': {
      const body = { type: 'chat', model: 'm', payload: { messages }, max_retries: 5 };
      return (await send(`${url}/api/tasks`, { body })).json<{ task_id: string }>().task_id;
    }
    case 'channel chat':
      return (await send(`${url}/api/chat`, { body: { message: prompt } })).json<{ channel_id: string }>().channel_id;
    case 'response': {
      const body = { model: 'm', input: prompt, background: true };
      return (await send(`${url}/v1/responses`, { body })).json<{ id: string }>().id;
    }
    case 'page': {
      const message = { id: 'u1', role: 'user', parts: [{ type: 'text', text: prompt }] };
      const body = JSON.stringify({ id: chatId, messages: [message], trigger: 'submit-message' });
      const answer = await fetch(`${url}/api/chat`, { method: 'POST', body });
      await answer.body?.cancel();
      return decodeURIComponent(answer.headers.get('x-gollama-task') ?? '');
    }
  }
}

function configText(engineUrl: string, slots: number): string {
  return [
    'server: {drain_timeout: 500ms}',
    `queue: {max_workers: ${slots}, max_completed_tasks: 10000000}`,
    'retry_config: {initial_delay: 50ms, max_delay: 300ms}',
    'engines:',
    `  - {kind: openai, name: e, base_url: "${engineUrl}", models: [m], slots: ${slots}}`,
    '',
  ].join('\n');
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
