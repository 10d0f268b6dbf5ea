/**
 * What a simulated engine can do wrong, on demand: the closed table of faults, how one is asked for, and which one
 * a request gets. A fault is asked for by a request (header `x-simulate-fault`, body field `simulate_fault`) or for a
 * share of all of them (`--fault cut=0.1`), always as `NAME[@CHUNK][=RATE]`.
 */
import type { Random } from '../../base/random.js';
import type { HeaderFields } from '../engine.js';

interface Fault {
  /** `process`: drawn once, when the engine starts. `answer`: drawn for every request that generates. */
  readonly scope: 'process' | 'answer';
  readonly help: string;
}

const ofProcess = (help: string): Fault => ({ scope: 'process', help });
const ofAnswer = (help: string): Fault => ({ scope: 'answer', help });

export const FAULTS = {
  'never-ready': ofProcess('Loads for ever: every path answers 503.'),
  'slow-ready': ofProcess('Loads for two seconds longer, answering 503 meanwhile.'),
  'exit-at-load': ofProcess('Exits with code 1 while loading, as for a bad model file.'),
  'ignore-sigterm': ofProcess('Ignores SIGTERM and SIGINT: only SIGKILL ends it.'),
  grandchild: ofProcess('Starts a process of its own that keeps stdout and stderr open.'),
  'long-log-line': ofProcess('Prints one line of 200 KiB to stderr at the start.'),
  'health-hang': ofProcess('/health does not answer while a request is being worked on.'),
  crash: ofAnswer('Exits with code 1 after chunk N.'),
  kill: ofAnswer('Dies of SIGKILL after chunk N.'),
  'slot-stuck': ofAnswer('The slot stays busy after the request was aborted.'),
  'frees-other-slot': ofAnswer('An abort leaves its own slot busy and frees that of another request.'),
  reset: ofAnswer('Resets the connection before any header.'),
  cut: ofAnswer('Drops the connection in the middle of an event after chunk N.'),
  'clean-eof': ofAnswer('Ends cleanly after chunk N, without finish_reason and [DONE].'),
  stall: ofAnswer('Sends nothing more after chunk N and keeps the connection open.'),
  malformed: ofAnswer('Sends a chunk that is not JSON after chunk N, then goes on.'),
  'stream-error': ofAnswer('Sends an error event after chunk N, then closes.'),
  'no-done': ofAnswer('Sends everything but [DONE].'),
  'too-many': ofAnswer('Answers 429 with Retry-After: 1.'),
  'one-byte': ofAnswer('Writes every byte by itself.'),
  'split-utf8': ofAnswer('Writes text of wide characters and cuts them apart between writes.'),
  'long-line': ofAnswer('Sends one line of 1 MiB after chunk N, then goes on.'),
  crlf: ofAnswer('Ends lines with CRLF.'),
  html: ofAnswer('Answers 200 with an HTML page.'),
} as const satisfies Record<string, Fault>;

export type FaultName = keyof typeof FAULTS;

export interface FaultPlan {
  readonly name: FaultName;
  /** Share of the draws that it is wanted in: 0 to 1. */
  readonly rate: number;
  /** For faults that act in the middle of an answer: after this many chunks with text. */
  readonly atChunk: number;
}

export const FAULT_NAMES = Object.keys(FAULTS).filter(isFaultName);

const AT_CHUNK_DEFAULT = 3;

/** Reads `NAME[@CHUNK][=RATE]`; undefined where it is not that. No rate means always. */
export function parseFault(text: string): FaultPlan | undefined {
  const [, name, chunk, rate] = /^([a-z0-9-]+)(?:@(\d{1,9}))?(?:=(\d*\.?\d+))?$/.exec(text.trim()) ?? [];
  if (name === undefined || !isFaultName(name) || Number(rate ?? 1) > 1) return undefined;
  return { name, rate: Number(rate ?? 1), atChunk: Number(chunk ?? AT_CHUNK_DEFAULT) };
}

/** The same from an object of rates. */
export function faultPlans(rates: Partial<Record<FaultName, number>>): FaultPlan[] {
  const plans = FAULT_NAMES.map((name) => ({ name, rate: rates[name] ?? 0, atChunk: AT_CHUNK_DEFAULT }));
  return plans.filter((plan) => plan.rate > 0);
}

/** Which of the process faults are on, drawn once. */
export function processFaults(plans: readonly FaultPlan[], random: Random): ReadonlySet<FaultName> {
  const drawn = plans.filter((plan) => FAULTS[plan.name].scope === 'process' && random() < plan.rate);
  return new Set(drawn.map((plan) => plan.name));
}

/** What a request asks for by itself: a plan, `none`, or `unknown` for a word that is not in the table. */
export function askedFault(headers: HeaderFields, body: unknown): FaultPlan | 'none' | 'unknown' | undefined {
  const field = typeof body === 'object' && body !== null && 'simulate_fault' in body ? body.simulate_fault : undefined;
  const asked = headers['x-simulate-fault'] ?? field;
  if (asked === undefined || asked === null || asked === '') return undefined;
  if (asked === 'none') return 'none';
  const plan = typeof asked === 'string' ? parseFault(asked) : undefined;
  return plan && FAULTS[plan.name].scope === 'answer' ? plan : 'unknown';
}

/** The first of `plans` whose draw succeeds. Draws for every plan, so that one plan's rate does not move another's. */
export function drawnFault(plans: readonly FaultPlan[], random: Random): FaultPlan | undefined {
  const drawn = plans.filter((plan) => FAULTS[plan.name].scope === 'answer' && random() < plan.rate);
  return drawn[0];
}

function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(FAULTS, name);
}
