/** Writing answers into a sink, with llama-server's headers for each kind. */
import type { AnswerSink, Flow, HeaderFields } from '../engine.js';
import type { Ending } from './ending.js';
import type { FaultName } from './faults.js';
import { CONTEXT_EXCEEDED, type Problem } from './problem.js';

/** Nothing follows one chunk, so there is nothing to hold back. */
const NO_FLOW: Flow = { resume: () => {} };
const JSON_TYPE = 'application/json; charset=utf-8';

export function writeEventHead(sink: AnswerSink, flow: Flow): void {
  sink.head({ status: 200, headers: { 'x-accel-buffering': 'no', 'content-type': 'text/event-stream' } }, flow);
}

/** `sizeBytes` is what content-length claims, where that is not the truth. */
export function writeJson(sink: AnswerSink, status: number, json: string, sizeBytes?: number): void {
  const body = Buffer.from(json);
  writeBody(sink, status, { 'content-type': JSON_TYPE, 'content-length': String(sizeBytes ?? body.length) }, body);
}

/** An answer in one piece, as `fault` leaves it. Undefined where it stays open: half of it is written, then nothing. */
export function writeWhole(sink: AnswerSink, json: string, fault: FaultName | undefined): Ending | undefined {
  const half = json.slice(0, json.length / 2);
  switch (fault) {
    case 'crash':
    case 'kill':
      return fault;
    case 'stream-error':
      writeProblem(sink, CONTEXT_EXCEEDED);
      return 'complete';
    case 'malformed':
    case 'clean-eof':
      writeJson(sink, 200, half);
      return 'complete';
    case 'cut':
    case 'stall':
      writeJson(sink, 200, half, Buffer.byteLength(json));
      return fault === 'cut' ? 'cut' : undefined;
    default:
      writeJson(sink, 200, json);
      return 'complete';
  }
}

export function writeProblem(sink: AnswerSink, problem: Problem): void {
  writeJson(sink, problem.status, problem.toJson());
}

/** A problem that says when to come again. */
export function writeRetryLater(sink: AnswerSink, problem: Problem, retryAfterS: number): void {
  const body = Buffer.from(problem.toJson());
  const headers = {
    'content-type': JSON_TYPE,
    'content-length': String(body.length),
    'retry-after': String(retryAfterS),
  };
  writeBody(sink, problem.status, headers, body);
}

export function writeText(sink: AnswerSink, type: string, text: string): void {
  const body = Buffer.from(text);
  writeBody(sink, 200, { 'content-type': type, 'content-length': String(body.length) }, body);
}

/** The sink as a faulty wire sees it: same bytes, other pieces (for CRLF: other line ends). */
export function faultyWire(sink: AnswerSink, fault: FaultName | undefined): AnswerSink {
  const pieces = fault === undefined ? undefined : PIECES[fault];
  if (!pieces) return sink;
  return {
    head: (head, flow) => sink.head(head, flow),
    chunk: (bytes) => {
      let wanted = true;
      for (const piece of pieces(bytes)) wanted = sink.chunk(piece);
      return wanted;
    },
  };
}

const PIECES: Partial<Record<FaultName, (bytes: Buffer) => Buffer[]>> = {
  'one-byte': (bytes) => Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)),
  'split-utf8': splitCharacters,
  crlf: (bytes) => [Buffer.from(bytes.toString('utf8').replaceAll('\n', '\r\n'))],
};

/** Cuts behind the first byte of every character that has several. */
function splitCharacters(bytes: Buffer): Buffer[] {
  const cuts = [...bytes.keys()].filter((at) => at > 0 && (bytes[at - 1] ?? 0) >= 0xc0);
  const bounds = [0, ...cuts, bytes.length];
  return bounds.slice(1).map((end, index) => bytes.subarray(bounds[index], end));
}

function writeBody(sink: AnswerSink, status: number, headers: HeaderFields, body: Buffer): void {
  sink.head({ status, headers }, NO_FLOW);
  sink.chunk(body);
}
