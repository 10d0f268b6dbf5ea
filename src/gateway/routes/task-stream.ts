/** `GET /api/tasks/:id/stream`: the answer of a task as server-sent events, from any position, as often as one likes. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GollamaError } from '../../base/errors.js';
import type { Reader } from '../../stream/reader.js';
import type { LogEntry } from '../../stream/record.js';
import { finalAnswer } from '../../tasks/final-answer.js';
import type { TaskQueue } from '../../tasks/task-queue.js';
import { type TaskStreamSource, type TaskStreamWriterParts, writeTaskStream } from '../task-stream/writer.js';

export interface TaskStreamParts extends TaskStreamWriterParts {
  readonly tasks: TaskQueue;
  /** A stream that is silent for so long says that it lives. */
  readonly heartbeatMs: number;
}

/** Where a client goes on: behind that event. */
interface Position {
  /** Undefined where the client named none: that of the log as it is now. */
  readonly epoch: string | undefined;
  readonly sequence: number;
}

/** Of answers that are told from the result of the task. */
const FINAL_EPOCH = 'final';

/**
 * Events: `token {"text"}`, `reasoning {"text"}`, `tool_call {...}`, `state {"status"}`, `restart {"attempt"}`, and as the
 * last one `done {"status","usage"}` or `error {"message","code"}`; each has the id `<epoch>:<number>`. A client goes on
 * behind the event in `Last-Event-ID`, or in `?after=` (a number alone is taken as one of this log).
 *
 * 1. Behind the last event of an answer that has ended there is nothing: 204, on which an EventSource stops.
 * 2. A log that is not kept any more is told again from the result, where the client has had nothing of it.
 * 3. A position that is not in the log: `gone`. What the client has had may not be what would follow.
 *
 * Rejects with `not_found`, `invalid_request`, `gone`, all before anything is sent.
 */
export async function streamTask(
  parts: TaskStreamParts,
  request: FastifyRequest<{ Params: { id: string } }>,
  reply: FastifyReply,
): Promise<void> {
  const { id } = request.params;
  const after = positionOf(request);
  const reader = await parts.tasks.follow(id, request.caller);
  const source = reader
    ? await keptSource(parts, reader, after)
    : finalSource(finalAnswer(await parts.tasks.get(id, request.caller)), after);
  if (source === 'gone') throw new GollamaError('gone', `the stream of task ${id} is not kept from that position on`);
  if (source === 'ended') {
    await reply.code(204).send();
    return;
  }
  reply.hijack();
  await writeTaskStream(parts, source, reply);
}

/** The header goes first: a browser sends it when it connects again, with the URL as it was at first. */
function positionOf(request: FastifyRequest): Position {
  const { searchParams } = new URL(request.url, 'http://localhost');
  const header = request.headers['last-event-id'];
  const told = (typeof header === 'string' && header !== '' ? header : searchParams.get('after')) ?? '';
  const match = /^(?:([\w-]{1,64}):)?(\d{1,15})$/.exec(told === '' ? '0' : told);
  if (!match) {
    throw new GollamaError(
      'invalid_request',
      'after: expected the id of an event (Last-Event-ID), or the number of one',
      {
        param: 'after',
      },
    );
  }
  return { epoch: match[1], sequence: Number(match[2]) };
}

async function keptSource(
  parts: TaskStreamParts,
  reader: Reader,
  after: Position,
): Promise<TaskStreamSource | 'gone' | 'ended'> {
  const { heartbeatMs, tasks } = parts;
  const epoch = tasks.logEpoch;
  // In this order: behind the end nothing comes, so `last` cannot rise between the two.
  const hasEnded = await reader.ended();
  const { last } = reader;
  if (after.sequence > 0 && ((after.epoch ?? epoch) !== epoch || after.sequence > last)) return 'gone';
  if (after.sequence > 0 && after.sequence === last && hasEnded) return 'ended';
  return { epoch, follow: (ears) => reader.follower({ after: after.sequence, silenceMs: heartbeatMs, ears }) };
}

function finalSource(entries: readonly LogEntry[], after: Position): TaskStreamSource | 'gone' | 'ended' {
  if (after.sequence > 0 && after.epoch !== FINAL_EPOCH) return 'gone';
  const rest = entries.slice(after.sequence);
  return rest.length === 0 ? 'ended' : { epoch: FINAL_EPOCH, rest };
}
