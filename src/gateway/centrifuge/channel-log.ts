/** How a client enters a channel, and how it goes on from there, gap-free. Pure. */
import { type Publication, subscribeResultText } from '../../protocol/channel.js';
import type { HistoryRequest, Recovery } from '../../protocol/channel-command.js';
import { isTerminal, type LogEntry, type LogView } from '../../stream/record.js';
import { publicationsOf } from './publication.js';

/** What was found of a channel when somebody asked for it. */
export interface ChannelLog {
  readonly logId: string;
  readonly epoch: string;
  /** Sequence number of the last record; 0 before the first. */
  readonly last: number;
  /** True where that record ends the answer. */
  readonly hasEnded: boolean;
  /** The window that was asked for. */
  readonly entries: readonly LogEntry[];
  /** How whoever asked sees what follows. */
  readonly view: LogView;
}

/** At most `limit` records behind `after`. */
export interface Window {
  readonly after: number;
  readonly limit: number;
}

/** Records in one step of a client that follows. */
export const STEP_MAX = 512;
/** Records in one answer; adjacent text among them is told as one. */
const ANSWER_MAX = 4_096;

export interface Entrance {
  /** JSON text. */
  readonly result: string;
  /** Where the client stands when it has taken the result. */
  readonly position: number;
  readonly hasEnded: boolean;
}

export interface Step {
  readonly publications: readonly Publication[];
  readonly position: number;
  readonly hasEnded: boolean;
}

/** What to read for a client that enters: everything where it comes for the first time. */
export function entranceWindow({ recover, offset }: Recovery): Window {
  return { after: recover ? offset : 0, limit: ANSWER_MAX };
}

/**
 * The answer to a client that enters. What does not fit into one step follows as pushes. A position that is not one of this
 * log is told (`was_recovering` without `recovered`), and the client stands at the end; or, where it wishes so, it does not
 * enter: `unrecoverable`.
 */
export function enter(request: Recovery, log: ChannelLog): Entrance | 'unrecoverable' {
  const { recover, epoch } = request;
  const { after } = entranceWindow(request);
  const isKnown = !recover || epoch === '' || epoch === log.epoch;
  const step = isKnown && after <= log.last ? advance(after, log.entries, log.last) : undefined;
  if (!step && recover && request.rejectsLoss) return 'unrecoverable';
  const position = step?.position ?? log.last;
  return {
    result: subscribeResultText({
      epoch: log.epoch,
      // The client moves on from here with every publication that it takes.
      offset: step ? after : log.last,
      wasRecovering: recover,
      recovered: recover && step !== undefined,
      publications: step?.publications ?? [],
    }),
    position,
    hasEnded: step?.hasEnded || (log.hasEnded && position === log.last),
  };
}

/** The step that was made last: where many follow a log, the next one makes the same from the same entries. */
let lastStep: { position: number; entries: readonly LogEntry[]; last: number; step: Step | undefined } | undefined;

/** From `position` over `entries`; undefined where they are not the next ones. */
export function advance(position: number, entries: readonly LogEntry[], last: number): Step | undefined {
  if (lastStep?.entries !== entries || lastStep.position !== position || lastStep.last !== last) {
    lastStep = { position, entries, last, step: stepOver(position, entries, last) };
  }
  return lastStep.step;
}

function stepOver(position: number, entries: readonly LogEntry[], last: number): Step | undefined {
  if (entries.some(({ sequence }, at) => sequence !== position + 1 + at)) return undefined;
  const final = entries.at(-1);
  // An end that was not the last word, as the task was tried again, is none.
  const isTold = ({ sequence, record }: LogEntry) => !isTerminal(record) || sequence >= last;
  return {
    publications: publicationsOf(entries.every(isTold) ? entries : entries.filter(isTold), position === 0),
    position: final?.sequence ?? position,
    hasEnded: final !== undefined && isTerminal(final.record) && final.sequence >= last,
  };
}

/** What to read for a look into the history of a log that has `last` records; a client reads on from what it got. */
export function historyWindow({ limit, since, reverse }: HistoryRequest, last: number): Window {
  const wanted = limit < 0 ? ANSWER_MAX : Math.min(limit, ANSWER_MAX);
  if (!reverse) return { after: since?.offset ?? 0, limit: wanted };
  const upTo = Math.min(since ? since.offset - 1 : last, last);
  const after = Math.max(0, upTo - wanted);
  return { after, limit: Math.max(0, upTo - after) };
}
