/**
 * Tells the ends of tasks to the URLs that their submissions named, as Standard Webhooks 1.0 has it. At least once: what was
 * under way when the process ended is sent again, under the same `webhook-id`.
 */
import { type Clock, pause } from '../../base/clock.js';
import { messageOf } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { Random } from '../../base/random.js';
import type { Service } from '../../base/service.js';
import { isFinal } from '../task.js';
import { decodeBody } from '../task-body.js';
import { taskReport } from '../task-report.js';
import type { Delivery, FullTask, TaskMove, TaskStore } from '../task-store.js';
import { reportFor } from '../visitor-view.js';
import { AllowedHosts } from './allowed-hosts.js';
import { type Message, type Resolve, Sender } from './sender.js';
import { messageId, sign, signingKey } from './signature.js';
import { judge, type Verdict } from './verdict.js';

/** The part of a task store that it needs. */
export type DeliveryStore = Pick<TaskStore, 'onChange' | 'nextDelivery' | 'settleDelivery'>;

export interface WebhookCourierOptions {
  /** Started before, and stopped after. */
  readonly store: DeliveryStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** `whsec_<base64>`; undefined: messages are not signed. */
  readonly secret: string | undefined;
  /** Hosts, addresses and networks that may be called although they are not public. */
  readonly allowHosts: readonly string[];
  /** Of one try, as a whole. */
  readonly timeoutMs: number;
  /** Default: the system's resolver. */
  readonly resolve?: Resolve;
}

/** Whoever a submission named, on another machine. */
const RECEIVER = { admin: false };
const FINAL_MOVES: readonly TaskMove[] = ['completed', 'failed', 'cancelled'];
const AT_ONCE_MAX = 4;
/** Between two looks into the store, however fast tasks end. */
const LOOK_PAUSE_MS = 20;
/** A wall clock that was set is noticed after so long. */
const SLEEP_MS_MAX = 60_000;
/** When the store cannot be read or written. */
const TROUBLE_PAUSE_MS = 5_000;

interface Life {
  readonly ended: AbortController;
  readonly sender: Sender;
  readonly stopListening: () => void;
  readonly running: Promise<void>;
}

export class WebhookCourier implements Service {
  readonly #options: WebhookCourierOptions;
  readonly #allowed: AllowedHosts;
  readonly #key: Buffer | undefined;
  /** By task number. */
  readonly #underWay = new Map<number, Promise<void>>();
  #bell = new AbortController();
  #life: Life | undefined;

  /** Throws `configuration` where `secret` or `allowHosts` are not what they should be. */
  constructor(options: WebhookCourierOptions) {
    this.#options = options;
    this.#allowed = new AllowedHosts(options.allowHosts);
    this.#key = options.secret === undefined ? undefined : signingKey(options.secret);
  }

  start(): Promise<void> {
    if (this.#life) return Promise.resolve();
    const { store, clock, timeoutMs, resolve } = this.#options;
    const ended = new AbortController();
    const sender = new Sender({ allowed: this.#allowed, clock, timeoutMs, resolve });
    const stopListening = store.onChange(({ move }) => {
      if (FINAL_MOVES.includes(move)) this.#bell.abort();
    });
    this.#life = { ended, sender, stopListening, running: this.#run(sender, ended.signal) };
    return Promise.resolve();
  }

  /** Cuts what is under way; it is sent again after the next start. */
  async stop(): Promise<void> {
    const life = this.#life;
    if (!life) return;
    life.stopListening();
    life.ended.abort(new Error('stopped'));
    this.#bell.abort();
    await life.running;
    await Promise.all(this.#underWay.values());
    await life.sender.close();
    if (this.#life === life) this.#life = undefined;
  }

  async #run(sender: Sender, ended: AbortSignal): Promise<void> {
    while (!ended.aborted) {
      this.#bell = new AbortController();
      const idleMs = await this.#beginDue(sender, ended);
      await pause(this.#options.clock, LOOK_PAUSE_MS, ended);
      if (!ended.aborted) await pause(this.#options.clock, idleMs - LOOK_PAUSE_MS, this.#bell.signal);
    }
  }

  /** Begins what is due, as far as there is room. Resolves with how long nothing else is due. */
  async #beginDue(sender: Sender, ended: AbortSignal): Promise<number> {
    const { store, clock, logger } = this.#options;
    try {
      while (!ended.aborted && this.#underWay.size < AT_ONCE_MAX) {
        const next = await store.nextDelivery(new Set(this.#underWay.keys()));
        if (next === undefined) break;
        const untilMs = next.dueAtMs - clock.epoch();
        if (untilMs > 0) return Math.min(untilMs, SLEEP_MS_MAX);
        if (!ended.aborted) this.#begin(next.delivery, sender, ended);
      }
    } catch (thrown) {
      if (!ended.aborted) logger.warn({ problem: messageOf(thrown) }, 'webhooks wait: the task store does not answer');
      return TROUBLE_PAUSE_MS;
    }
    // The end of a task, and that of a delivery, ring the bell.
    return Number.POSITIVE_INFINITY;
  }

  #begin(delivery: Delivery, sender: Sender, ended: AbortSignal): void {
    const { number } = delivery.task;
    const done = this.#deliver(delivery, sender, ended).finally(() => {
      this.#underWay.delete(number);
      this.#bell.abort();
    });
    this.#underWay.set(number, done);
  }

  /** Never rejects. */
  async #deliver({ task, failures }: Delivery, sender: Sender, ended: AbortSignal): Promise<void> {
    const { clock, random, logger } = this.#options;
    let message: Message | undefined;
    try {
      message = this.#message(task);
    } catch (thrown) {
      logger.error({ task: task.id, problem: messageOf(thrown) }, 'webhook given up: the task cannot be read');
    }
    // Also where the task waits again, by hand: its next end is another delivery.
    if (message === undefined) return this.#settle(task, undefined, ended);
    const reply = await sender.send(message, ended);
    if (ended.aborted && reply.kind === 'failed') return;
    const verdict = judge(reply, failures, clock.epoch(), random);
    this.#log(verdict, task, message.url, failures);
    await this.#settle(task, verdict.kind === 'again' ? verdict.atMs : undefined, ended);
  }

  #message(task: FullTask): Message | undefined {
    const { webhook } = decodeBody(task.body);
    if (webhook === undefined || !isFinal(task.state)) return undefined;
    const data = reportFor(taskReport(task), RECEIVER);
    const body = JSON.stringify({ type: `task.${task.state}`, timestamp: data.completed_at, data });
    const id = messageId(task.id, task.finishedAtMs ?? 0);
    const timestampS = Math.floor(this.#options.clock.epoch() / 1000);
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'gollama',
      'webhook-id': id,
      'webhook-timestamp': String(timestampS),
      ...(this.#key ? { 'webhook-signature': sign(this.#key, id, timestampS, body) } : {}),
    };
    return { url: webhook, headers, body };
  }

  /** Until it is stored: a message that was sent must not be sent again at once. */
  async #settle(task: FullTask, retryAtMs: number | undefined, ended: AbortSignal): Promise<void> {
    const { store, clock, logger } = this.#options;
    for (;;) {
      try {
        return await store.settleDelivery(task.number, retryAtMs);
      } catch (thrown) {
        if (ended.aborted) return;
        logger.warn({ task: task.id, problem: messageOf(thrown) }, 'what came of a webhook could not be stored');
        await pause(clock, TROUBLE_PAUSE_MS, ended);
      }
    }
  }

  /** Of a URL only the host is told: paths and queries of webhooks are often secrets. */
  #log(verdict: Verdict, task: FullTask, url: string, failures: number): void {
    const { logger } = this.#options;
    const about = { task: task.id, host: URL.canParse(url) ? new URL(url).host : undefined, tries: failures + 1 };
    switch (verdict.kind) {
      case 'delivered':
        logger.debug(about, 'webhook delivered');
        break;
      case 'again':
        logger.warn(
          { ...about, problem: verdict.reason, again: new Date(verdict.atMs).toISOString() },
          'webhook failed',
        );
        break;
      case 'given-up':
        logger.error({ ...about, problem: verdict.reason }, 'webhook given up');
        break;
    }
  }
}
