/**
 * A simulated llama-server without a socket: takes requests, writes answers into sinks. Time comes from a clock,
 * chance from a seed. The in-process engine and the stand-in server are two shells around it.
 */
import { type Clock, pause } from '../../base/clock.js';
import type { Random } from '../../base/random.js';
import type { AnswerSink, EngineCall } from '../engine.js';
import { metricsDocument, modelsDocument, propsDocument, slotsDocument } from './documents.js';
import { embeddingDocument } from './embedding.js';
import type { Ending } from './ending.js';
import { askedFault, drawnFault, FAULT_NAMES, type FaultPlan } from './faults.js';
import { Generation } from './generation.js';
import { invalidRequest, NOT_FOUND, Problem, promptTooLong, TOO_MANY } from './problem.js';
import {
  type GenerationRequest,
  type JsonObject,
  parseBody,
  parseChat,
  parseCompletion,
  parseEmbedding,
} from './request.js';
import { firstTokenMs, type Pace, writeScript } from './script.js';
import { type HeldSlot, Slots } from './slots.js';
import { detokenize, hashText, tokenize } from './words.js';
import { faultyWire, writeJson, writeProblem, writeRetryLater, writeText, writeWhole } from './write.js';

export interface SimulationOptions extends Pace {
  /** At least one; the first answers for names that are not in the list. */
  readonly models: readonly string[];
  /** As /props tells it; the first model's name where there is no file. */
  readonly modelPath?: string | undefined;
  readonly slots: number;
  /** Context of one slot. */
  readonly contextTokens?: number | undefined;
  readonly seed: number;
  readonly faults?: readonly FaultPlan[] | undefined;
}

export interface SimulationDeps {
  readonly clock: Clock;
  /** For the draws of faults with a rate. */
  readonly random: Random;
  /** True where /health must not answer while a request is being worked on. */
  readonly healthHangs?: boolean;
}

export const CONTEXT_TOKENS = 32_768;
const RETRY_AFTER_S = 1;
const ID_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

type Answer = (call: EngineCall, sink: AnswerSink, signal: AbortSignal) => Ending | Promise<Ending>;

export class SimulatedCore {
  readonly #options: SimulationOptions;
  readonly #deps: SimulationDeps;
  readonly #contextTokens: number;
  readonly #slots: Slots;
  readonly #running = new Map<HeldSlot, Generation>();
  readonly #idle = new Set<() => void>();
  readonly #totals = { promptTokens: 0, promptMs: 0, tokens: 0, tokensMs: 0, largestTokens: 0 };
  readonly #routes: ReadonlyMap<string, Answer>;
  #answers = 0;

  constructor(options: SimulationOptions, deps: SimulationDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#contextTokens = options.contextTokens ?? CONTEXT_TOKENS;
    this.#slots = new Slots(options.slots);
    this.#routes = this.#makeRoutes();
  }

  get busySlots(): number {
    return this.#slots.busy;
  }

  /** Answers one request; resolves when its slot is free again, unless it ends `stuck`. */
  async answer(call: EngineCall, sink: AnswerSink, signal: AbortSignal): Promise<Ending> {
    const path = call.path.split('?', 1)[0] ?? '';
    const route = this.#routes.get(`${call.method} ${path}`);
    if (!route) return refuse(sink, NOT_FOUND);
    if (signal.aborted) return 'cancelled';
    return await route(call, sink, signal);
  }

  #makeRoutes(): ReadonlyMap<string, Answer> {
    const health: Answer = (_call, sink, signal) => this.#health(sink, signal);
    const models: Answer = (_call, sink) => reply(sink, this.#models());
    const chat: Answer = (call, sink, signal) => this.#generate(call, parseChat, sink, signal);
    return new Map([
      ['GET /health', health],
      ['GET /v1/health', health],
      ['GET /models', models],
      ['GET /v1/models', models],
      ['GET /props', (_call, sink) => reply(sink, this.#props())],
      ['GET /slots', (_call, sink) => reply(sink, this.#slotList())],
      ['GET /metrics', (_call, sink) => this.#metrics(sink)],
      ['POST /chat/completions', chat],
      ['POST /v1/chat/completions', chat],
      ['POST /v1/completions', (call, sink, signal) => this.#generate(call, parseCompletion, sink, signal)],
      ['POST /v1/embeddings', (call, sink, signal) => this.#embed(call, sink, signal)],
      ['POST /tokenize', (call, sink) => replyOrRefuse(sink, parseBody(call.body), tokenizeDocument)],
      ['POST /detokenize', (call, sink) => replyOrRefuse(sink, parseBody(call.body), detokenizeDocument)],
    ]);
  }

  async #generate(
    call: EngineCall,
    parse: (body: JsonObject) => GenerationRequest | Problem,
    sink: AnswerSink,
    signal: AbortSignal,
  ): Promise<Ending> {
    const body = parseBody(call.body);
    const request = body instanceof Problem ? body : parse(body);
    if (request instanceof Problem) return refuse(sink, request);
    const fault = this.#faultFor(call, body);
    if (fault instanceof Problem) return refuse(sink, fault);
    if (request.promptTokens >= this.#contextTokens) {
      return refuse(sink, promptTooLong(request.promptTokens, this.#contextTokens));
    }
    const early = endEarly(sink, fault);
    if (early) return early;
    return this.#withSlot(signal, fault, (slot) => this.#play(request, fault, slot, sink, signal));
  }

  async #play(
    request: GenerationRequest,
    fault: FaultPlan | undefined,
    slot: HeldSlot,
    sink: AnswerSink,
    signal: AbortSignal,
  ): Promise<Ending> {
    const roomTokens = this.#contextTokens - request.promptTokens;
    const script = writeScript(request, { pace: this.#options, seed: this.#options.seed, roomTokens }, fault);
    const identity = {
      id: this.#nextId(),
      model: this.#modelFor(request.model),
      created: Math.floor(this.#deps.clock.epoch() / 1000),
    };
    const generation = new Generation(script, identity, faultyWire(sink, fault?.name), this.#deps.clock);
    this.#running.set(slot, generation);
    try {
      return await generation.run(signal);
    } finally {
      this.#count(generation);
    }
  }

  async #embed(call: EngineCall, sink: AnswerSink, signal: AbortSignal): Promise<Ending> {
    const body = parseBody(call.body);
    const request = body instanceof Problem ? body : parseEmbedding(body);
    if (request instanceof Problem) return refuse(sink, request);
    const fault = this.#faultFor(call, body);
    if (fault instanceof Problem) return refuse(sink, fault);
    const early = endEarly(sink, fault);
    if (early) return early;
    return this.#withSlot(signal, fault, async () => {
      const tokens = request.inputs.reduce((sum, input) => sum + input.tokens, 0);
      const workMs = firstTokenMs({ ...this.#options, ttftMs: this.#options.tokenMs }, tokens);
      if (workMs > 0) await pause(this.#deps.clock, workMs, signal);
      if (signal.aborted) return 'cancelled';
      this.#totals.promptTokens += tokens;
      this.#totals.promptMs += workMs;
      const document = embeddingDocument(request, request.model ?? this.#modelFor(undefined));
      const wire = faultyWire(sink, fault?.name);
      return writeWhole(wire, JSON.stringify(document), fault?.name) ?? (await aborted(signal));
    });
  }

  /** Runs `work` in a slot and frees it, or leaves it stuck where the fault says so. */
  async #withSlot(
    signal: AbortSignal,
    fault: FaultPlan | undefined,
    work: (slot: HeldSlot) => Promise<Ending>,
  ): Promise<Ending> {
    const slot = await this.#slots.acquire(signal);
    if (!slot) return 'cancelled';
    let stuck = false;
    try {
      const ending = await work(slot);
      stuck = ending === 'cancelled' && (fault?.name === 'slot-stuck' || fault?.name === 'frees-other-slot');
      if (stuck && fault?.name === 'frees-other-slot') this.#slots.freeAnother(slot);
      return stuck ? 'stuck' : ending;
    } finally {
      if (!stuck) this.#free(slot);
    }
  }

  #free(slot: HeldSlot): void {
    this.#running.delete(slot);
    slot.release();
    if (this.#slots.busy > 0) return;
    for (const resolve of this.#idle) resolve();
    this.#idle.clear();
  }

  async #health(sink: AnswerSink, signal: AbortSignal): Promise<Ending> {
    if (this.#deps.healthHangs && this.#slots.busy > 0) await this.#untilIdle(signal);
    return signal.aborted ? 'cancelled' : reply(sink, { status: 'ok' });
  }

  #untilIdle(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#idle.add(resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  #faultFor(call: EngineCall, body: unknown): FaultPlan | Problem | undefined {
    const asked = askedFault(call.headers, body);
    if (asked === 'unknown') {
      return invalidRequest(`unknown simulated fault; known: ${FAULT_NAMES.join(', ')}`, 'simulate_fault');
    }
    if (asked === 'none') return undefined;
    return asked ?? drawnFault(this.#options.faults ?? [], this.#deps.random);
  }

  #count(generation: Generation): void {
    const { promptTokens } = generation.script.request;
    const tokens = generation.tokensMade;
    this.#totals.promptTokens += promptTokens;
    this.#totals.promptMs += generation.script.firstTokenMs;
    this.#totals.tokens += tokens;
    this.#totals.tokensMs += Math.max(0, tokens - 1) * generation.script.tokenMs;
    this.#totals.largestTokens = Math.max(this.#totals.largestTokens, promptTokens + tokens);
  }

  #models(): object {
    const created = Math.floor(this.#deps.clock.epoch() / 1000);
    return modelsDocument({ models: this.#options.models, contextTokens: this.#contextTokens, created });
  }

  #props(): object {
    const model = this.#modelFor(undefined);
    const modelPath = this.#options.modelPath ?? model;
    return propsDocument({ model, modelPath, slots: this.#options.slots, contextTokens: this.#contextTokens });
  }

  #slotList(): object {
    const facts = this.#slots.holders.map((holder, id) => {
      const generation = holder && this.#running.get(holder);
      const work = generation && { task: holder.task, script: generation.script, tokensMade: generation.tokensMade };
      return { id, contextTokens: this.#contextTokens, busy: holder !== undefined, work };
    });
    return slotsDocument(facts);
  }

  #metrics(sink: AnswerSink): Ending {
    const facts = { ...this.#totals, processing: this.#slots.busy, deferred: this.#slots.waiting };
    writeText(sink, 'text/plain; version=0.0.4', metricsDocument(facts));
    return 'complete';
  }

  #modelFor(asked: string | undefined): string {
    if (asked !== undefined && this.#options.models.includes(asked)) return asked;
    return this.#options.models[0] ?? 'simulated';
  }

  #nextId(): string {
    let number = hashText(`${this.#options.seed} ${this.#options.models.join(' ')}`) + this.#answers++ * 0x9e3779b1;
    let id = '';
    for (let letter = 0; letter < 32; letter++) {
      number = Math.imul((number ^ (number >>> 15)) + letter, 0x2c1b3c6d) >>> 0;
      id += ID_LETTERS.charAt(number % ID_LETTERS.length);
    }
    return `chatcmpl-${id}`;
  }
}

/** The faults that need no slot. */
function endEarly(sink: AnswerSink, fault: FaultPlan | undefined): Ending | undefined {
  switch (fault?.name) {
    case 'reset':
      return 'reset';
    case 'too-many':
      writeRetryLater(sink, TOO_MANY, RETRY_AFTER_S);
      return 'complete';
    case 'html':
      writeText(sink, 'text/html; charset=utf-8', '<!doctype html><title>Sign in</title><p>This is no model.</p>\n');
      return 'complete';
    default:
      return undefined;
  }
}

function tokenizeDocument(body: JsonObject): object {
  const tokens = typeof body.content === 'string' ? tokenize(body.content) : [];
  const pieces = body.with_pieces === true;
  return { tokens: tokens.map(({ id, text }) => (pieces ? { id, piece: text } : id)) };
}

function detokenizeDocument(body: JsonObject): object {
  const ids = Array.isArray(body.tokens) ? body.tokens : [];
  return { content: detokenize(ids.filter((id): id is number => typeof id === 'number')) };
}

function replyOrRefuse(sink: AnswerSink, body: JsonObject | Problem, document: (body: JsonObject) => object): Ending {
  return body instanceof Problem ? refuse(sink, body) : reply(sink, document(body));
}

function reply(sink: AnswerSink, document: object): Ending {
  writeJson(sink, 200, JSON.stringify(document));
  return 'complete';
}

function aborted(signal: AbortSignal): Promise<Ending> {
  if (signal.aborted) return Promise.resolve('cancelled');
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve('cancelled'), { once: true }));
}

function refuse(sink: AnswerSink, problem: Problem): Ending {
  writeProblem(sink, problem);
  return 'complete';
}
