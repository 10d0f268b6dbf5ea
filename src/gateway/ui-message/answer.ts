/** The answer of a task as a UI message stream, always from its beginning: the page builds its message anew. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../base/clock.js';
import { toGollamaError } from '../../base/errors.js';
import type { TaskReport } from '../../protocol/task.js';
import { UI_MESSAGE_STREAM_HEADER, type UiMessagePart } from '../../protocol/ui-message.js';
import type { TaskQueue, Visitor } from '../../tasks/task-queue.js';
import type { ActiveRequests } from '../active-requests.js';
import { StreamedReply } from '../streamed-reply.js';
import { toldAnswer } from '../told-answer.js';
import { toldError } from '../told-error.js';
import { messageIdOf, UiMessageParts } from './parts.js';

export interface UiMessageAnswerParts {
  readonly tasks: TaskQueue;
  readonly clock: Clock;
  readonly active: ActiveRequests;
  readonly heartbeatMs: number;
}

const DONE = 'data: [DONE]\n\n';

/**
 * True where the client has had all of it. Its going does not end the task. What goes wrong after the first part is the last
 * part, as clients expect it.
 */
export async function answerUiMessage(
  parts: UiMessageAnswerParts,
  task: Pick<TaskReport, 'id' | 'payload'>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<boolean> {
  const response = reply.raw;
  const headers = {
    ...reply.getHeaders(),
    'content-type': 'text/event-stream; charset=utf-8',
    ...UI_MESSAGE_STREAM_HEADER,
    'x-gollama-task': encodeURIComponent(task.id),
  };
  reply.hijack();
  const active = parts.active.add(response);
  const { signal } = active;
  try {
    const streamed = new StreamedReply({ response, headers, clock: parts.clock, signal });
    return await tell(parts, task, { visitor: request.caller, signal, reply: streamed });
  } finally {
    active.over();
  }
}

interface Told {
  readonly visitor: Visitor;
  readonly signal: AbortSignal;
  readonly reply: StreamedReply;
}

async function tell(
  { tasks, heartbeatMs }: UiMessageAnswerParts,
  task: Pick<TaskReport, 'id' | 'payload'>,
  { visitor, signal, reply }: Told,
): Promise<boolean> {
  const message = new UiMessageParts();
  await reply.write(eventsOf(message.begin(messageIdOf(task))));
  try {
    for await (const records of toldAnswer(tasks, task.id, visitor, { signal, silenceMs: heartbeatMs })) {
      const events = eventsOf(records.flatMap((record) => message.take(record)));
      if (events !== '') await reply.write(events);
      else if (reply.silentMs >= heartbeatMs) await reply.write(': hb\n\n');
      if (message.hasEnded) return (await reply.end(DONE)) && !message.isBroken;
    }
    // The server stops: the page may come back for the rest.
    reply.cut();
  } catch (thrown) {
    const { message: errorText } = toldError(toGollamaError(thrown), visitor);
    await reply.end(eventsOf([{ type: 'error', errorText }]) + DONE);
  }
  return false;
}

function eventsOf(parts: readonly UiMessagePart[]): string {
  return parts.map((part) => `data: ${JSON.stringify(part)}\n\n`).join('');
}
