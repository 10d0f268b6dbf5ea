/** The faces on which an answer can be read, each by who reads it there. */
import type { Dice } from '../crash/dice.js';
import { readByCentrifuge, TRANSPORTS } from './centrifuge-reader.js';
import { readBare, readOwnEvents, readUni } from './event-readers.js';
import { readByClient, readByOpenAi, readByUiTransport } from './package-readers.js';
import { Transcript } from './transcript.js';

export interface Reading {
  /** Of the server, behind the bad network. */
  readonly url: string;
  /** Of the task, and so of its channel. */
  readonly id: string;
  readonly chatId: string;
  readonly transcript: Transcript;
  readonly dice: Dice;
  /** Nobody waits for this reader any more. */
  readonly signal: AbortSignal;
}

/** Resolves when the reader was told the end of the answer, when it can go on no more, and when `signal` aborts. */
export type Face = (reading: Reading) => Promise<void>;

/** How the answer was asked for. */
export type Asked = 'task' | 'channel chat' | 'response' | 'page';

const FACES: Readonly<Record<string, Face>> = {
  'own events': readOwnEvents,
  'gollama client': readByClient,
  'connection/sse?channel=': readBare,
  uni_sse: readUni,
  ...Object.fromEntries(TRANSPORTS.map((transport) => [`centrifuge ${transport}`, readByCentrifuge(transport)])),
};

const OWN_FACES: Readonly<Record<Asked, readonly (readonly [string, Face])[]>> = {
  task: [],
  'channel chat': [],
  // The one who asked for it, and another one.
  response: [
    ['openai responses', readByOpenAi],
    ['openai responses', readByOpenAi],
  ],
  // One alone: who has had the end leaves nothing to come back for.
  page: [['ai sdk', readByUiTransport]],
};

/** At least those that only such an answer has; the others as drawn, each once before any comes twice. */
export function drawFaces(asked: Asked, count: number, dice: Dice): readonly (readonly [string, Face])[] {
  const drawn = [...OWN_FACES[asked]];
  let left: [string, Face][] = [];
  while (drawn.length < count) {
    if (left.length === 0) left = Object.entries(FACES);
    const [taken] = left.splice(dice.whole(0, left.length - 1), 1);
    if (taken) drawn.push(taken);
  }
  return drawn;
}

/** Numbers of the responses API begin at 0, all others at 1. */
export function transcriptOf(face: string): Transcript {
  return new Transcript(face, face === 'openai responses' ? -1 : 0);
}
