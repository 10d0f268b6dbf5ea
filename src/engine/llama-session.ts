/**
 * One run of a llama-server, seen over HTTP: its health, what it says of itself, the calls it works on, and whether a
 * call that was given up has really left its slot.
 */
import type { Clock } from '../base/clock.js';
import { type GollamaError, messageOf, toGollamaError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { type AnswerSink, type EngineCall, SlotStuckError } from './engine.js';
import { HttpUpstream } from './http-upstream.js';
import { contextTokensOf, modelsOf, slotsOf } from './self-portrait.js';
import { busySlots, confirmRelease } from './slot-release.js';
import { AnswerAssembler } from './streamed-answer.js';
import { asStreamedCall } from './streamed-call.js';
import type { Health } from './supervisor/supervisor.js';

export interface LlamaSessionOptions {
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What a server says of itself; a part that it does not tell is undefined. */
export interface SelfPortrait {
  readonly slots: number | undefined;
  readonly contextTokens: number | undefined;
  readonly models: readonly string[];
}

/** A call the server was given. It holds a slot at the latest when the head of its answer comes. */
interface Sent {
  headed: boolean;
  /** Given up: its slot is expected to be free, and is to be seen so. */
  givenUp: boolean;
}

/** An engine that reads a long prompt may be silent for longer: a look that is not answered is no death. */
const LOOK_TIMEOUT_MS = 5_000;
/** A server that has no /health, or shows it to nobody without a key, says so; it listens, and that must do. */
const NO_HEALTH_PAGE = new Set([401, 403, 404, 405]);

export class LlamaSession {
  readonly #upstream: HttpUpstream;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #sent = new Set<Sent>();
  readonly #idleWaiting = new Set<() => void>();
  readonly #ended = new AbortController();
  #portrait: SelfPortrait | undefined;
  #lastBytesAtMs: number;

  constructor(options: LlamaSessionOptions) {
    this.#upstream = new HttpUpstream({ ...options, closesAfterStreams: true });
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#lastBytesAtMs = options.clock.now();
  }

  /** Undefined until the first `health()` that is ok. */
  get portrait(): SelfPortrait | undefined {
    return this.#portrait;
  }

  /** When the last byte of an answer came, on the clock. */
  get lastBytesAtMs(): number {
    return this.#lastBytesAtMs;
  }

  /** Never rejects. Before it first says `ok` it has asked the server for its portrait. */
  async health(): Promise<Health> {
    const health = await this.#look();
    if (health === 'ok' && !this.#portrait) this.#portrait = await this.#askForPortrait();
    return health;
  }

  /** As `Engine.forward`. */
  async forward(call: EngineCall, sink: AnswerSink, signal: AbortSignal): Promise<void> {
    const sent: Sent = { headed: false, givenUp: false };
    this.#sent.add(sent);
    try {
      await this.#send(call, sink, sent, signal);
    } catch (thrown) {
      const error = toGollamaError(thrown);
      if (sent.headed && !signal.aborted) sink.failed?.(error);
      throw await this.#leave(sent, error);
    } finally {
      this.#sent.delete(sent);
      if (this.#sent.size === 0) this.#tellIdle();
    }
  }

  /** Resolves when it works on no call of ours, or after `patienceMs`; true where it is idle. */
  async whenIdle(patienceMs: number): Promise<boolean> {
    if (this.#sent.size === 0) return true;
    await new Promise<void>((resolve) => {
      const done = () => {
        timer.cancel();
        this.#idleWaiting.delete(done);
        resolve();
      };
      const timer = this.#clock.after(patienceMs, done);
      this.#idleWaiting.add(done);
    });
    return this.#sent.size === 0;
  }

  /** True where the server shows that none of its slots works. */
  async allSlotsFree(): Promise<boolean> {
    try {
      const busy = await this.#lookAtSlots();
      return busy !== undefined && !busy.includes(true);
    } catch {
      return false;
    }
  }

  /** True where no slot works but for calls of ours: what was given up has left its slot. */
  async knowsEveryBusySlot(): Promise<boolean> {
    try {
      const busy = await this.#lookAtSlots();
      return busy !== undefined && busy.filter(Boolean).length <= this.#count((sent) => sent.headed);
    } catch {
      return false;
    }
  }

  /** The process is gone or going: what is given up from now on needs no proof. */
  end(): void {
    this.#ended.abort();
  }

  async close(): Promise<void> {
    this.end();
    await this.#upstream.close();
  }

  // ---- calls

  /**
   * A JSON answer is asked for as a stream and put together here: that the client of a stream has gone the server
   * notices at once, that the client of a JSON answer has gone it may not notice at all.
   */
  async #send(call: EngineCall, sink: AnswerSink, sent: Sent, signal: AbortSignal): Promise<void> {
    const plain = withoutConversation(call);
    const streamed = asStreamedCall(plain);
    if (!streamed) return this.#upstream.forward(plain, this.#watched(sink, sent), signal);
    const assembler = new AnswerAssembler(sink);
    await this.#upstream.forward(streamed, this.#watched(assembler, sent), signal);
    assembler.finish();
  }

  #watched(sink: AnswerSink, sent: Sent): AnswerSink {
    return {
      head: (head, flow) => {
        sent.headed = true;
        this.#lastBytesAtMs = this.#clock.now();
        sink.head(head, flow);
      },
      chunk: (bytes) => {
        this.#lastBytesAtMs = this.#clock.now();
        return sink.chunk(bytes);
      },
    };
  }

  /** What to reject with, once the server is known to have left the call, or is not. */
  async #leave(sent: Sent, error: GollamaError): Promise<Error> {
    // It was never given the call, or it is gone together with its slots.
    if (error.code === 'engine_unavailable' || this.#ended.signal.aborted) return error;
    sent.givenUp = true;
    if (await this.#isReleased()) return error;
    return new SlotStuckError(`after "${error.message}" the engine went on working`, { cause: error });
  }

  async #isReleased(): Promise<boolean> {
    let answered = false;
    const release = await confirmRelease({
      clock: this.#clock,
      signal: this.#ended.signal,
      lookAtSlots: async () => {
        const busy = await this.#lookAtSlots().catch(noneWhereNobodyListens);
        answered = true;
        return busy;
      },
      expectedBusy: () => this.#count((sent) => sent.headed),
      possiblyBusy: () => this.#count((sent) => !sent.headed),
    });
    if (this.#ended.signal.aborted || release === 'free') return true;
    // A server without /slots cannot prove anything, and restarting it at every cancel would be worse than trusting it.
    return release === 'unknown' && answered;
  }

  #count(holds: (sent: Sent) => boolean): number {
    let count = 0;
    for (const sent of this.#sent) if (!sent.givenUp && holds(sent)) count += 1;
    return count;
  }

  #tellIdle(): void {
    for (const done of [...this.#idleWaiting]) done();
  }

  // ---- looks

  async #lookAtSlots(): Promise<readonly boolean[] | undefined> {
    return busySlots(await this.#upstream.getJson('/slots', { timeoutMs: LOOK_TIMEOUT_MS }));
  }

  async #look(): Promise<Health> {
    try {
      const { status } = await this.#upstream.getJson('/health', { timeoutMs: LOOK_TIMEOUT_MS });
      if (status === 503) return 'loading';
      return status < 300 || NO_HEALTH_PAGE.has(status) ? 'ok' : 'wrong-answer';
    } catch (error) {
      return isRefusal(error) ? 'refused' : 'silent';
    }
  }

  async #askForPortrait(): Promise<SelfPortrait> {
    const [props, models] = await Promise.all([this.#ask('/props'), this.#ask('/v1/models')]);
    return { slots: slotsOf(props), contextTokens: contextTokensOf(props), models: modelsOf(models) };
  }

  async #ask(path: string): Promise<unknown> {
    try {
      const { status, body } = await this.#upstream.getJson(path, { timeoutMs: LOOK_TIMEOUT_MS });
      if (status === 200) return body;
      this.#logger.warn({ path, status }, 'the engine does not tell about itself');
    } catch (error) {
      this.#logger.warn({ path, reason: messageOf(error) }, 'the engine does not tell about itself');
    }
    return undefined;
  }
}

/** With this header a llama-server goes on with an answer whose client has gone, in order to resume it later. */
function withoutConversation(call: EngineCall): EngineCall {
  if (call.headers['x-conversation-id'] === undefined) return call;
  const { 'x-conversation-id': _, ...headers } = call.headers;
  return { ...call, headers };
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';
}

/** A server that listens no more has died with its slots, or takes no call until it was started again. */
function noneWhereNobodyListens(error: unknown): readonly boolean[] {
  if (isRefusal(error)) return [];
  throw error;
}
