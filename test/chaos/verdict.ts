/** Was every reader told all of its answer, once? Pure. */
import type { Run } from './telling-engine.js';
import type { Ending, Transcript } from './transcript.js';

export interface Told {
  /** Names the answer. */
  readonly mark: string;
  /** How its task ended. */
  readonly status: string;
  readonly endedEpochMs: number;
  /** What the engine said, the last try last. */
  readonly runs: readonly Run[];
  readonly transcripts: readonly Transcript[];
}

/** One life of the server. */
export interface Life {
  readonly startedEpochMs: number;
  readonly listeningEpochMs: number;
}

const EXCERPT = 60;

/** One line for each broken promise. */
export function violations(answers: readonly Told[], lives: readonly Life[]): readonly string[] {
  return answers.flatMap((told) => {
    const { mark, status, transcripts } = told;
    if (status !== 'completed' && status !== 'failed' && status !== 'cancelled') return [`${mark}: is ${status}`];
    return [
      ...transcripts.flatMap((transcript) =>
        violationsOf(told, transcript, lives).map((violation) => `${mark}, ${transcript.face}: ${violation}`),
      ),
      ...disagreements(transcripts).map((violation) => `${mark}: ${violation}`),
    ];
  });
}

function violationsOf(told: Told, transcript: Transcript, lives: readonly Life[]): readonly string[] {
  const { faults, end, text, reasoning } = transcript;
  if (end === 'untold') {
    const isAllowed = wasSent(told, transcript) || lives.some((life) => isForgotten(told, transcript, life));
    return isAllowed ? faults : [...faults, 'was told that there is nothing to come back for, and there was'];
  }
  if (end === undefined) return [...faults, `was not told the end; the last of it: ${excerptEnd(text)}`];
  return [
    ...faults,
    ...(end === told.status ? [] : [`was told that it ${wordOf(end)}, and it is ${told.status}`]),
    ...textViolations(told, 'text', text),
    ...textViolations(told, 'reasoning', reasoning),
  ];
}

/** What the network loses behind the end, the server takes for taken: pages say nothing of what they have had. */
function wasSent({ endedEpochMs }: Told, { cutAtEpochMs = 0 }: Transcript): boolean {
  return cutAtEpochMs >= endedEpochMs;
}

/** A server that was started after the end does not know who has had it. */
function isForgotten({ endedEpochMs }: Told, { endedAtEpochMs }: Transcript, life: Life): boolean {
  return endedEpochMs <= life.listeningEpochMs && life.startedEpochMs <= (endedAtEpochMs ?? 0);
}

/** Of an answer that did not come to its end, the beginning is all there is: of its last try, or of that before where nothing came of it. */
function textViolations({ status, runs }: Told, member: keyof Run, found: string): readonly string[] {
  const [last = '', before = ''] = [runs.at(-1)?.[member], runs.at(-2)?.[member]];
  if (status === 'completed') {
    return found === last ? [] : [`${member} differs from what the engine said ${difference(found, last)}`];
  }
  if (last.startsWith(found) || before.startsWith(found)) return [];
  return [`${member} is not what the engine began to say ${difference(found, last)}`];
}

/** All that are told every record by itself are told the same. */
function disagreements(transcripts: readonly Transcript[]): readonly string[] {
  const known = new Map<number, { readonly content: string; readonly face: string }>();
  for (const { records, face } of transcripts) {
    for (const [sequence, content] of records) {
      const other = known.get(sequence);
      if (other && other.content !== content) {
        return [`${face} and ${other.face} were told different things as number ${sequence}`];
      }
      known.set(sequence, { content, face });
    }
  }
  return [];
}

function wordOf(end: Exclude<Ending, 'untold'>): string {
  return end === 'failed' ? 'failed' : `was ${end}`;
}

function difference(found: string, said: string): string {
  let at = 0;
  while (at < found.length && found[at] === said[at]) at += 1;
  return `from character ${at} of ${said.length} on: ${excerpt(found, at)} instead of ${excerpt(said, at)}`;
}

function excerpt(text: string, at: number): string {
  return JSON.stringify(text.slice(at, at + EXCERPT));
}

function excerptEnd(text: string): string {
  return JSON.stringify(text.slice(-EXCERPT));
}
