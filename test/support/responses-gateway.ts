/** `/v1` on a real server, over a queue and engines that do what the test says. */

import OpenAI from 'openai';
import { systemClock } from '../../src/base/clock.js';
import { Metrics } from '../../src/base/metrics.js';
import { ActiveRequests } from '../../src/gateway/active-requests.js';
import { Attachments, type AttachmentsOptions } from '../../src/gateway/attachment/attachments.js';
import type { ApiKey } from '../../src/gateway/auth.js';
import { Relay } from '../../src/gateway/relay.js';
import { RequestBook } from '../../src/gateway/request-book.js';
import { type OpenAiRoutesParts, openAiRoutes, relayOf } from '../../src/gateway/routes/openai.js';
import { responseRoutes } from '../../src/gateway/routes/responses.js';
import { Gateway } from '../../src/gateway/server.js';
import type { Visitor } from '../../src/tasks/task-queue.js';
import { atEnd } from './ending.js';
import { settled } from './manual-clock.js';
import type { ManualCall } from './manual-engine.js';
import { TaskRig, type TaskRigOptions } from './task-rig.js';

export interface ResponsesSetup extends TaskRigOptions {
  readonly apiKeys?: readonly ApiKey[];
  readonly attachments?: Partial<AttachmentsOptions>;
}

const HEARTBEAT_MS = 15_000;

export async function startResponses(setup: ResponsesSetup = {}) {
  const rig = await new TaskRig(setup).start();
  atEnd(() => rig.stop());
  // Engines of this kind do not stop by themselves.
  atEnd(() => {
    rig.tasks.close();
    for (const { end } of rig.calls) end();
  });
  const { clock, logger, pool, dispatcher, tasks } = rig;
  const active = new ActiveRequests();
  const book = new RequestBook({ clock, logger, metrics: new Metrics() });
  const relay = new Relay({ pool, dispatcher, clock, book, heartbeatMs: HEARTBEAT_MS, simulated: false });
  const attachments = new Attachments({
    clock,
    logger,
    active,
    handle: (request, answer) => relay.handle(request, answer),
    ...setup.attachments,
  });
  const openAi: OpenAiRoutesParts = {
    relay,
    pool,
    defaultPriority: 10,
    ownCredentials: false,
    startedAtS: 0,
    active,
    attachments,
  };
  const deleted: string[] = [];
  const responses = responseRoutes({
    tasks,
    clock,
    pool,
    active,
    heartbeatMs: HEARTBEAT_MS,
    defaultPriority: 10,
    relay: relayOf(openAi),
    forget: async (id: string, _visitor: Visitor) => {
      deleted.push(id);
    },
  });
  const options = {
    clock: systemClock,
    address: { host: '127.0.0.1', port: 0, loopback: true },
    apiKeys: setup.apiKeys ?? [],
    corsOrigins: [],
    maxBodyBytes: 1024 * 1024,
    headerTimeoutMs: 10_000,
    uploadTimeoutMs: 10_000,
  };
  const gateway = new Gateway(options, [openAiRoutes(openAi), responses], logger);
  await gateway.start();
  atEnd(() => gateway.stop());

  /** The next call that an engine gets, beyond the first `known`. */
  const call = async (known = 0): Promise<ManualCall> => {
    for (;;) {
      const found = rig.calls[known];
      if (found) return found;
      await settled();
    }
  };
  const client = (apiKey = 'sk-any') => new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey, maxRetries: 0 });
  const stop = () => gateway.stop();
  return { rig, clock, tasks, active, attachments, deleted, url: gateway.url, call, client, stop };
}

/** An event of a chat stream. */
export function say(call: ManualCall, delta: object, finish: string | null = null): void {
  const json = JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] });
  call.sink.chunk(Buffer.from(`data: ${json}\n\n`));
}

export function beginAnswer(call: ManualCall): void {
  call.sink.head({ status: 200, headers: { 'content-type': 'text/event-stream' } }, { resume: () => {} });
}

export function endAnswer(call: ManualCall, finish = 'stop'): void {
  say(call, {}, finish);
  const usage = { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 };
  call.sink.chunk(Buffer.from(`data: ${JSON.stringify({ choices: [], usage })}\n\ndata: [DONE]\n\n`));
  call.end();
}

/** A whole answer, a piece for each word. */
export function answerWith(call: ManualCall, text: string, finish = 'stop'): void {
  beginAnswer(call);
  for (const content of text.split(/(?<= )/)) say(call, { content });
  endAnswer(call, finish);
}
