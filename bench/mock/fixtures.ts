/**
 * What real servers do to a client, as scripts: `gollama bench mock --script NAME`. Each has a case where a benchmark got
 * its figures wrong, or told a failure as a success.
 */
import { EVENT_STREAM, type Script, type ScriptedAnswer, type ScriptStep } from './script.js';

type Delta = Readonly<Record<string, unknown>>;

const USAGE = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 };
const DONE = 'data: [DONE]\n\n';
const JSON_TYPE = { 'content-type': 'application/json' };

/** A step behind `delayMs`. */
function step(delayMs: number, ...texts: readonly string[]): ScriptStep {
  return { delayMs, bytes: Buffer.from(texts.join('')) };
}

function data(value: object): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

function delta(body: Delta, more: object = {}): string {
  return data({ choices: [{ index: 0, delta: body, finish_reason: null }], ...more });
}

const role = delta({ role: 'assistant', content: '' });
const stop = data({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
const usage = data({ choices: [], usage: USAGE });
const a = delta({ content: 'a' });
const b = delta({ content: 'b' });
/** What a good answer ends with. */
const rest = step(1, stop, usage, DONE);

function stream(...steps: readonly ScriptStep[]): ScriptedAnswer {
  return { status: 200, headers: EVENT_STREAM, steps, ending: 'complete' };
}

function refusal(status: number, body: string, headers: Readonly<Record<string, string>> = JSON_TYPE): ScriptedAnswer {
  return { status, headers, steps: [step(0, body)], ending: 'complete' };
}

function error(message: string, type: string): string {
  return JSON.stringify({ error: { message, type, param: null, code: null } });
}

/** Bytes of `text`, written in two, with the cut behind `at` bytes. */
function halves(text: string, at: number): ScriptStep[] {
  const bytes = Buffer.from(text);
  return [
    { delayMs: 10, bytes: bytes.subarray(0, at) },
    { delayMs: 10, bytes: bytes.subarray(at) },
  ];
}

interface Fixture {
  readonly help: string;
  readonly script: Script;
}

export const FIXTURES: Readonly<Record<string, Fixture>> = {
  plain: { help: 'two tokens, usage, [DONE]', script: [stream(step(10, role), step(10, a), step(10, b), rest)] },
  reasoning: {
    help: 'reasoning first, several tokens in a chunk, usage of 9 tokens; times differ by tool',
    script: [
      stream(
        step(35, role),
        step(365, delta({ reasoning_content: 'a' })),
        step(50, delta({ reasoning_content: 'b' })),
        step(100, delta({ reasoning_content: 'c d' })),
        step(150, delta({ content: 'e' })),
        step(100, delta({ content: 'f g h' })),
        step(50, delta({ content: 'i' })),
        step(2, stop),
        step(3, data({ choices: [], usage: { ...USAGE, completion_tokens: 9, total_tokens: 14 } })),
        step(1, DONE),
      ),
    ],
  },
  'tool-call': {
    help: 'tool calls are tokens, an empty list of them is none',
    script: [
      stream(
        step(10, delta({ content: '', tool_calls: [] })),
        step(10, delta({ tool_calls: [{ index: 0, id: '1', function: { name: 'f', arguments: '' } }] })),
        step(10, delta({ tool_calls: [{ index: 0, function: { arguments: '{}' } }] })),
        rest,
      ),
    ],
  },
  'usage-everywhere': {
    help: 'usage in every chunk',
    script: [
      stream(
        step(10, delta({ content: 'a' }, { usage: { ...USAGE, completion_tokens: 1 } })),
        step(10, delta({ content: 'b' }, { usage: USAGE })),
        step(1, stop, DONE),
      ),
    ],
  },
  'no-usage': { help: 'usage is not told', script: [stream(step(10, a), step(10, b), step(1, stop, DONE))] },
  'no-done': { help: '[DONE] is missing', script: [stream(step(10, a), step(10, b), step(1, stop, usage))] },
  'held-open': {
    help: 'the connection stays open behind [DONE]',
    script: [{ ...stream(step(10, a), step(10, b), rest), ending: 'held' }],
  },
  comments: {
    help: 'keep-alive comments between the events',
    script: [stream(step(5, ': keep-alive\n\n'), step(10, a), step(5, ':\n\n'), step(10, b), rest)],
  },
  'no-space': {
    help: 'data: without a space behind it',
    script: [stream(step(10, a.replace('data: ', 'data:')), step(10, b.replace('data: ', 'data:')), rest)],
  },
  crlf: {
    help: 'lines end with CR LF',
    script: [stream(...[step(10, a), step(10, b), rest].map(withCarriageReturns))],
  },
  'split-event': { help: 'an event in two reads', script: [stream(step(10, a), ...halves(b, 20), rest)] },
  'split-utf8': {
    help: 'a letter in two reads',
    script: [stream(step(10, a), ...halves(delta({ content: 'ü' }), delta({ content: '' }).indexOf('""') + 2), rest)],
  },
  'one-read': { help: 'several events in one read', script: [stream(step(10, a, b, a, b), rest)] },
  'stream-error': {
    help: 'an error inside a stream of status 200',
    script: [stream(step(10, a), step(10, `data: ${error('out of memory', 'server_error')}\n\n`), step(1, DONE))],
  },
  'json-answer': {
    help: '200 with application/json where a stream was asked for',
    script: [
      refusal(200, JSON.stringify({ choices: [{ message: { content: 'a b' }, finish_reason: 'stop' }], usage: USAGE })),
    ],
  },
  truncated: { help: 'the stream ends early, in good order', script: [stream(step(10, a), step(10, b))] },
  cut: { help: 'the connection breaks', script: [{ ...stream(step(10, a), step(10, b)), ending: 'cut' }] },
  empty: {
    help: 'a whole answer without a token',
    script: [
      stream(step(10, role), step(1, stop, data({ choices: [], usage: { ...USAGE, completion_tokens: 0 } }), DONE)),
    ],
  },
  html: {
    help: '200 with a web page',
    script: [refusal(200, '<!doctype html><title>Sign in</title>', { 'content-type': 'text/html' })],
  },
  '503': { help: 'overloaded', script: [refusal(503, error('Loading model', 'unavailable_error'))] },
  '429': {
    help: 'too many requests',
    script: [refusal(429, error('Rate limit reached', 'rate_limit_error'), { ...JSON_TYPE, 'retry-after': '1' })],
  },
  'no-stream-options': {
    help: '400 to the first request, as servers do that do not know stream_options',
    script: [
      refusal(400, error('Unrecognized request argument: stream_options', 'invalid_request_error')),
      stream(step(10, a), step(10, b), step(1, stop, DONE)),
    ],
  },
};

function withCarriageReturns({ delayMs, bytes }: ScriptStep): ScriptStep {
  return step(delayMs, bytes.toString('utf8').replaceAll('\n', '\r\n'));
}
