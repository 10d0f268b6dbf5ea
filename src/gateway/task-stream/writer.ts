/** The answer of a task, written to one client as fast as it takes it. */
import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import { listenToAbort, unlistenToAbort } from '../../base/abort.js';
import type { Clock } from '../../base/clock.js';
import type { Follower, FollowerEars } from '../../stream/follower.js';
import type { LogEntry } from '../../stream/record.js';
import type { ActiveRequests } from '../active-requests.js';
import { drained } from '../drained.js';
import type { AnswerHeaders } from '../respond.js';
import { chunkOf, type SharedChunk, writeShared } from '../shared-chunk.js';
import { eventsOf } from './events.js';

export interface TaskStreamWriterParts {
  readonly clock: Clock;
  readonly active: ActiveRequests;
}

/** A log that is followed, or the rest of an answer that is told from its result. */
export type TaskStreamSource =
  | { readonly epoch: string; readonly follow: (ears: FollowerEars) => Follower }
  | { readonly epoch: string; readonly rest: readonly LogEntry[] };

/** For proxies too: none of them may hold back, change or pack what is written. */
const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-store, no-transform',
  'x-accel-buffering': 'no',
};
const HEARTBEAT = chunkOf(': hb\n\n');

/** Resolves when the answer has ended, or its client has gone. Rejects where the log cannot be read. */
export async function writeTaskStream(
  { active, clock }: TaskStreamWriterParts,
  source: TaskStreamSource,
  reply: FastifyReply,
): Promise<void> {
  const response = reply.raw;
  const request = active.add(response);
  const { signal } = request;
  try {
    const headers: AnswerHeaders = { ...reply.getHeaders(), ...HEADERS };
    response.writeHead(200, headers);
    response.write('retry: 1000\n\n');
    if ('rest' in source) response.write(eventsOf(source.epoch, source.rest).bytes);
    else await new Delivery(response, clock, signal).run(source.epoch, source.follow);
  } finally {
    await end(response, clock, signal);
    request.over();
  }
}

class Delivery {
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;

  constructor(response: ServerResponse, clock: Clock, signal: AbortSignal) {
    this.#response = response;
    this.#clock = clock;
    this.#signal = signal;
  }

  async run(epoch: string, follow: (ears: FollowerEars) => Follower): Promise<void> {
    if (this.#signal.aborted) return;
    let stop = () => {};
    const over = new Promise<void>((resolve, reject) => {
      const follower: Follower = follow({
        entries: (entries) => this.#write(eventsOf(epoch, entries), follower),
        silence: () => this.#write(HEARTBEAT, follower),
        over: (failure) => (failure === undefined ? resolve() : reject(failure)),
      });
      stop = () => {
        follower.stop();
        resolve();
      };
      listenToAbort(this.#signal, stop);
      follower.resume();
    });
    try {
      await over;
    } finally {
      unlistenToAbort(this.#signal, stop);
    }
  }

  #write(chunk: SharedChunk, follower: Follower): boolean {
    // It is told in a moment that its client has gone.
    if (this.#response.destroyed || writeShared(this.#response, chunk)) return true;
    void drained(this.#response, this.#clock, this.#signal).then(() => follower.resume());
    return false;
  }
}

/** What the client has not taken yet is still held for it. */
async function end(response: ServerResponse, clock: Clock, signal: AbortSignal): Promise<void> {
  response.end();
  if (!response.writableFinished) await drained(response, clock, signal);
}
