/** From the name of a channel to the part of its log that is asked for. */
import type { LogBook } from '../../stream/log.js';
import { isTerminal, type LogEntry } from '../../stream/record.js';
import type { Visitor } from '../../tasks/task-queue.js';
import { viewOf } from '../../tasks/visitor-view.js';
import type { ChannelLog, Window } from './channel-log.js';

/** Says which log a channel is. */
export interface ChannelSource {
  /** Undefined where there is none, or none that the visitor may read. */
  find(channel: string, visitor: Visitor): Promise<FoundChannel | undefined>;
}

export interface FoundChannel {
  readonly logId: string;
  /** Where the log is not kept any more: the whole answer, numbered from 1, with its end. */
  readonly answer?: readonly LogEntry[];
}

export interface LookUpParts {
  readonly channels: ChannelSource;
  readonly logs: LogBook;
}

/** Epoch of answers that are told from a result. */
const ANSWER_EPOCH = 'final';

/** Undefined where the channel is not there for the visitor. */
export async function lookUp(
  { channels, logs }: LookUpParts,
  channel: string,
  visitor: Visitor,
  window: (last: number) => Window,
): Promise<ChannelLog | undefined> {
  const found = await channels.find(channel, visitor);
  if (!found) return undefined;
  const { logId, answer } = found;
  const view = viewOf(visitor);
  if (answer) {
    // Few records, and nothing will follow: all of them, whatever the window's limit.
    const entries = view(answer.slice(window(answer.length).after));
    return { logId, epoch: ANSWER_EPOCH, last: answer.length, hasEnded: true, entries, view };
  }
  const last = logs.last(logId) ?? 0;
  const [final] = last > 0 ? ((await logs.read(logId, last - 1, 1)) ?? []) : [];
  const { after, limit } = window(last);
  const entries = limit > 0 && after < last ? ((await logs.read(logId, after, limit)) ?? []) : [];
  // A task that was tried again meanwhile has not ended.
  const hasEnded = final !== undefined && isTerminal(final.record) && logs.last(logId) === last;
  return { logId, epoch: logs.epoch, last, hasEnded, entries: view(entries), view };
}
