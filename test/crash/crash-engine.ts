/** The engine behind the server under test: it lives on when the server is killed, and sees what the server does. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { atEnd } from '../support/ending.js';
import { chatEvent } from '../support/fake-upstream.js';
import type { Dice } from './dice.js';
import type { Ledger, Run } from './ledger.js';
import type { Life } from './life.js';

const BEHAVIOURS = { fast: 60, slow: 24, failing: 7, busy: 4, silentCut: 2, cut: 3 };
const STEPS = 4;
/** Every so many tasks there is one whose answer takes longer than any life: kills break it off until it has failed. */
const ENDLESS_EVERY = 40;
const ENDLESS_MS = 10_000;

export class CrashEngine {
  readonly #server: Server;
  readonly #ledger: Ledger;
  readonly #dice: Dice;
  readonly #lives = new Map<number, Life>();
  /** From now on every answer is fast and whole. */
  isKind = false;

  static async start(ledger: Ledger, dice: Dice): Promise<CrashEngine> {
    const engine = new CrashEngine(ledger, dice);
    engine.#server.listen(0, '127.0.0.1');
    await once(engine.#server, 'listening');
    atEnd(() => engine.#stop());
    return engine;
  }

  private constructor(ledger: Ledger, dice: Dice) {
    this.#ledger = ledger;
    this.#dice = dice;
    this.#server = createServer((request, response) => void this.#handle(request, response));
  }

  /** Where the server finds it in that life. */
  urlFor(life: Life): string {
    this.#lives.set(life.number, life);
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/life-${life.number}`;
  }

  async #stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, number, path] = /^\/life-(\d+)(\/.*)$/.exec(request.url ?? '') ?? [];
    const life = this.#lives.get(Number(number));
    if (request.method !== 'POST' || !life) {
      const isThere = path === '/health' || path === '/v1/models';
      response.writeHead(isThere ? 200 : 404, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ object: 'list', data: [] }));
      return;
    }
    const mark = markIn(await bodyOf(request).catch(() => ''));
    if (mark === undefined) {
      // Its server was killed while it sent it.
      response.destroy();
      return;
    }
    const run = this.#ledger.runBegan(mark, life);
    response.once('close', () => this.#ledger.runEnded(run, 'left'));
    life.tell('call begun');
    this.#answer(run, response, path === '/v1/embeddings');
  }

  #answer(run: Run, response: ServerResponse, isEmbedding: boolean): void {
    const behaviour = this.isKind ? 'fast' : this.#dice.draw(BEHAVIOURS);
    const isEndless = !this.isKind && numberOf(run.mark) % ENDLESS_EVERY === 0;
    const usualMs = behaviour === 'slow' ? this.#dice.between(20, 300) : this.#dice.between(0, 8);
    const delayMs = isEndless ? ENDLESS_MS : usualMs;
    const give = isEmbedding ? giveEmbedding : giveText;
    switch (behaviour) {
      case 'fast':
      case 'slow':
        give(response, run.mark, delayMs, () => {
          this.#ledger.runEnded(run, 'answered');
          run.life.tell('answer given');
        });
        break;
      case 'failing':
      case 'busy':
        setTimeout(() => {
          if (response.destroyed) return;
          this.#ledger.runEnded(run, 'refused');
          response.writeHead(behaviour === 'busy' ? 429 : 500, { 'content-type': 'application/json' });
          response.end('{"error":{"message":"not now"}}');
          run.life.tell('answer given');
        }, delayMs);
        break;
      case 'silentCut':
      case 'cut':
        if (behaviour === 'cut') beginText(response);
        setTimeout(() => {
          this.#ledger.runEnded(run, 'cut');
          response.destroy();
        }, delayMs);
        break;
    }
  }
}

/** What a task with that mark is answered. */
export function answerTo(mark: string): string {
  return `the answer to ${mark}`;
}

export function vectorOf(mark: string): number[] {
  return [numberOf(mark), 0.5];
}

function numberOf(mark: string): number {
  return Number.parseInt(mark.slice('mark-'.length), 36);
}

function giveEmbedding(response: ServerResponse, mark: string, delayMs: number, done: () => void): void {
  setTimeout(() => {
    if (response.destroyed) return;
    done();
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ data: [{ index: 0, embedding: vectorOf(mark) }], usage: { prompt_tokens: 3 } }));
  }, delayMs);
}

function beginText(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(chatEvent('the '));
}

/** In pieces, over that time. */
function giveText(response: ServerResponse, mark: string, delayMs: number, done: () => void): void {
  beginText(response);
  const pieces = ['answer ', 'to ', mark];
  const next = () => {
    if (response.destroyed) return;
    const piece = pieces.shift();
    if (piece === undefined) {
      done();
      response.end(`${chatEvent('', 'stop')}data: [DONE]\n\n`);
      return;
    }
    response.write(chatEvent(piece));
    setTimeout(next, delayMs / STEPS);
  };
  setTimeout(next, delayMs / STEPS);
}

function markIn(text: string): string | undefined {
  return /mark-[0-9a-z]+/.exec(text)?.[0];
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of request.setEncoding('utf8')) text += part as string;
  return text;
}
