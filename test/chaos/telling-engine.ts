/** The engine behind the server under test. It lives on when the server is killed, and what it says is known. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { seededRandom } from '../../src/base/random.js';
import { Dice } from '../crash/dice.js';
import { atEnd } from '../support/ending.js';

/** One try of an answer. No two of them say the same. */
export interface Run {
  readonly text: string;
  readonly reasoning: string;
}

interface Piece {
  readonly member: 'content' | 'reasoning_content';
  readonly text: string;
}

const BEHAVIOURS = { whole: 86, cut: 9, refusing: 5 };
const PACES = { even: 60, bursts: 30, slow: 10 };
/** Later ones are whole. */
const FAULTY_RUNS = 3;
const PIECES = [15, 120] as const;
/** Every so many pieces there is one that no buffer between engine and reader takes at once. */
const LARGE_EVERY = 90;
const LARGE_CHARACTERS = 30_000;
const TAILS = ['', ' ', '\n', '汉字，', ' 🎉👩‍👩‍👧', ' "é\\ß"', '\r\n\n', ' data: ', '\u2028'];

export class TellingEngine {
  readonly #server: Server;
  readonly #seed: number;
  readonly #runs = new Map<string, Run[]>();
  readonly #speaks: Promise<void>;
  /** From now on it answers; until then whoever asks waits. */
  speak: () => void = () => {};
  /** Answers that were told to their end. */
  told = 0;

  static async start(seed: number): Promise<TellingEngine> {
    const engine = new TellingEngine(seed);
    engine.#server.listen(0, '127.0.0.1');
    await once(engine.#server, 'listening');
    atEnd(async () => {
      const closed = once(engine.#server, 'close');
      engine.#server.close();
      engine.#server.closeAllConnections();
      await closed;
    });
    return engine;
  }

  private constructor(seed: number) {
    this.#seed = seed;
    this.#speaks = new Promise((resolve) => {
      this.speak = resolve;
    });
    this.#server = createServer((request, response) => void this.#handle(request, response));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What was begun to say to whoever asked with that mark, the last try last. */
  runs(mark: string): readonly Run[] {
    return this.#runs.get(mark) ?? [];
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ object: 'list', data: [{ id: 'm', object: 'model' }] }));
      return;
    }
    const mark = /mark-\d+/.exec(await bodyOf(request).catch(() => ''))?.[0];
    if (mark === undefined) {
      response.destroy();
      return;
    }
    await this.#speaks;
    const runs = this.#runs.get(mark) ?? [];
    this.#runs.set(mark, runs);
    const number = runs.length + 1;
    const dice = new Dice(seededRandom(this.#seed + Number(mark.slice('mark-'.length)) * 1_000 + number));
    const pieces = piecesOf(`${mark}/${number}`, dice);
    const joined = (member: Piece['member']) =>
      pieces.map((piece) => (piece.member === member ? piece.text : '')).join('');
    runs.push({ text: joined('content'), reasoning: joined('reasoning_content') });
    await this.#tell(response, pieces, dice, number > FAULTY_RUNS ? 'whole' : dice.draw(BEHAVIOURS));
  }

  async #tell(
    response: ServerResponse,
    pieces: readonly Piece[],
    dice: Dice,
    behaviour: keyof typeof BEHAVIOURS,
  ): Promise<void> {
    if (behaviour === 'refusing') {
      response.writeHead(500, { 'content-type': 'application/json' }).end('{"error":{"message":"not now"}}');
      return;
    }
    const pace = dice.draw(PACES);
    const evenMs = dice.between(2, 30);
    const cutAt = behaviour === 'cut' ? dice.whole(0, pieces.length - 1) : pieces.length;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const { member, text } of pieces.slice(0, cutAt)) {
      if (response.destroyed) return;
      if (!response.write(eventOf({ [member]: text }))) await Promise.race([once(response, 'drain'), gone(response)]);
      if (pace === 'even') await wait(evenMs);
      else if (dice.chance(0.04)) await wait(dice.between(0, pace === 'slow' ? 1_200 : 400));
    }
    if (response.destroyed) return;
    if (behaviour === 'cut') response.destroy();
    else {
      response.end(`${eventOf({}, 'stop')}data: [DONE]\n\n`);
      this.told += 1;
    }
  }
}

/** Each says whose it is and where it belongs. */
function piecesOf(name: string, dice: Dice): readonly Piece[] {
  const thoughts = dice.chance(0.4) ? dice.whole(1, 20) : 0;
  return Array.from({ length: thoughts + dice.whole(...PIECES) }, (_, at) => {
    const large = dice.whole(1, LARGE_EVERY) === 1 ? 'x'.repeat(LARGE_CHARACTERS) : '';
    const text = `${name}.${at}${large}${dice.oneOf(TAILS)};`;
    return { member: at < thoughts ? 'reasoning_content' : 'content', text };
  });
}

function eventOf(delta: object, finish: string | null = null): string {
  const choice = { index: 0, delta, finish_reason: finish };
  return `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [choice] })}\n\n`;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of request.setEncoding('utf8')) text += part as string;
  return text;
}

function gone(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => response.once('close', () => resolve()));
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
