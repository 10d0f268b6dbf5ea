import { describe, expect, it } from 'vitest';
import { type Random, seededRandom } from '../../src/base/random.js';
import { WholeEvents } from '../../src/gateway/whole-events.js';

const chunk = (fields: object) => `data: ${JSON.stringify(fields)}\n\n`;
const WORDS = [
  chunk({ choices: [{ delta: { content: 'grüße 👋' } }] }),
  chunk({ choices: [{ delta: {} }], usage: null }),
];
const USAGE = chunk({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 5 } });
const DONE = 'data: [DONE]\n\n';

/** Everything that goes on when `bytes` come in the given pieces. */
function through(pieces: readonly Buffer[], hidesUsage: boolean): string {
  const events = new WholeEvents({ hidesUsage });
  const out = pieces.map((piece) => Buffer.from(events.push(piece)));
  const held = events.flush();
  return Buffer.concat(held ? [...out, held] : out).toString('utf8');
}

function splitAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const cuts = [0, ...[...places].sort((a, b) => a - b), bytes.length];
  return cuts.slice(1).map((end, at) => bytes.subarray(cuts[at], end));
}

function randomSplits(bytes: Buffer, random: Random): Buffer[] {
  const count = Math.floor(random() * 12);
  return splitAt(
    bytes,
    Array.from({ length: count }, () => Math.floor(random() * (bytes.length + 1))),
  );
}

describe('whole events', () => {
  it.each(['\n', '\r\n'])('are the same whatever the byte they are split at, with line end %j', (lineEnd) => {
    const stream = [': hello\n\n', ...WORDS, 'event: x\nid: 1\ndata: 2\n\n', USAGE, DONE].join('');
    const bytes = Buffer.from(stream.replaceAll('\n', lineEnd));
    const without = stream.replace(USAGE, '').replaceAll('\n', lineEnd);
    for (let place = 0; place <= bytes.length; place += 1) {
      const pieces = splitAt(bytes, [place]);
      expect(through(pieces, false)).toBe(bytes.toString());
      expect(through(pieces, true)).toBe(without);
    }
  });

  it('are the same however often they are split', () => {
    const chosen = Math.floor(Math.random() * 2 ** 32);
    console.log(`whole-events seed ${chosen}`);
    for (const seed of [1, 2, 3, chosen]) {
      const random = seededRandom(seed);
      for (let round = 0; round < 300; round += 1) {
        const lineEnd = random() < 0.5 ? '\n' : '\r\n';
        const long = random() < 0.3 ? [chunk({ choices: [{ delta: { content: 'x'.repeat(40_000) } }] })] : [];
        const events = [...WORDS, ...long, ...WORDS, USAGE, DONE].map((event) => event.replaceAll('\n', lineEnd));
        const bytes = Buffer.from(events.join(''));
        const without = events.filter((event) => !event.includes('"choices":[]')).join('');
        expect(through(randomSplits(bytes, random), true), `seed ${seed}, round ${round}`).toBe(without);
      }
    }
  });

  it('go on only when they are whole', () => {
    const events = new WholeEvents({ hidesUsage: false });
    expect(events.push(Buffer.from('data: 1\n\ndata: 2\n')).toString()).toBe('data: 1\n\n');
    expect(events.push(Buffer.from('')).toString()).toBe('');
    expect(events.push(Buffer.from('\ndata: 3')).toString()).toBe('data: 2\n\n');
    expect(events.atEventEnd).toBe(true);
    expect(events.flush()?.toString()).toBe('data: 3');
    expect(events.flush()).toBeUndefined();
  });

  it('go on as the very buffer they came in', () => {
    for (const hidesUsage of [false, true]) {
      const bytes = Buffer.from(WORDS.join(''));
      expect(new WholeEvents({ hidesUsage }).push(bytes)).toBe(bytes);
    }
  });

  it('let a line of 1 MB pass without holding it', () => {
    const line = chunk({ choices: [{ delta: { content: 'x'.repeat(1024 * 1024) } }] });
    const bytes = Buffer.from(line + USAGE + DONE);
    const events = new WholeEvents({ hidesUsage: true });
    const out: Buffer[] = [];
    let heldBytesMax = 0;
    let came = 0;
    let went = 0;
    for (let start = 0; start < bytes.length; start += 10_000) {
      const piece = bytes.subarray(start, start + 10_000);
      const passed = events.push(piece);
      out.push(passed);
      came += piece.length;
      went += passed.length;
      if (came < line.length) heldBytesMax = Math.max(heldBytesMax, came - went);
    }
    expect(Buffer.concat(out).toString()).toBe(line + DONE);
    expect(heldBytesMax).toBeLessThanOrEqual(16 * 1024);
  });

  it('tell that a long event is not complete yet, and when it is', () => {
    const events = new WholeEvents({ hidesUsage: true });
    events.push(Buffer.from(`data: ${'x'.repeat(20_000)}`));
    expect(events.atEventEnd).toBe(false);
    events.push(Buffer.from('x\r'));
    events.push(Buffer.from('\n\r'));
    expect(events.atEventEnd).toBe(false);
    expect(events.push(Buffer.from(`\n${USAGE}`)).toString()).toBe('\n');
    expect(events.atEventEnd).toBe(true);
  });
});

describe('the usage chunk', () => {
  const hidden = (text: string) => through([Buffer.from(text)], true);

  it('stays where it is not to be hidden', () => {
    expect(through([Buffer.from(USAGE + DONE)], false)).toBe(USAGE + DONE);
  });

  it('is taken out with or without a blank behind the colons, with LF and CRLF', () => {
    const spaced = 'data: {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 5}}\n\n';
    for (const usage of [USAGE, spaced, USAGE.replace('data: ', 'data:'), `id: 7\nevent: x\n${USAGE}`]) {
      for (const lineEnd of ['\n', '\r\n']) {
        const [text, end] = [usage.replaceAll('\n', lineEnd), DONE.replaceAll('\n', lineEnd)];
        expect(hidden(WORDS[0] + text + end)).toBe(WORDS[0] + end);
      }
    }
  });

  it('is taken out although the last blank line is missing', () => {
    expect(hidden(WORDS[0] + USAGE.trimEnd())).toBe(WORDS[0]);
  });

  it.each([
    [
      'no choices but no usage (as Azure sends it first)',
      '{"choices":[],"prompt_filter_results":[{"prompt_index":0}]}',
    ],
    ['no choices and an empty usage', '{"choices":[],"usage":null}'],
    ['usage beside a choice', '{"choices":[{"delta":{}}],"usage":{"prompt_tokens":1}}'],
    ['the words only in its text', '{"choices":[{"delta":{"content":"\\"choices\\":[] \\"usage\\":{}"}}]}'],
    ['anything that is no JSON', '{"choices":[],"usage":{'],
  ])('is not an event with %s', (_what, data) => {
    expect(hidden(`data: ${data}\n\n${DONE}`)).toBe(`data: ${data}\n\n${DONE}`);
  });
});
