import { describe, expect, it } from 'vitest';
import { LineCutter } from '../../src/protocol/ndjson.js';

function cut(pieces: readonly (string | Buffer)[], lineBytesMax = 100) {
  const lines: string[] = [];
  let tooLong = 0;
  const cutter = new LineCutter({
    onLine: (line) => lines.push(line),
    lineBytesMax,
    onTooLong: () => {
      tooLong += 1;
    },
  });
  for (const piece of pieces) cutter.feed(Buffer.from(piece));
  const whole = [...lines];
  cutter.end();
  return { whole, lines, tooLong };
}

describe('lines of a stream', () => {
  it('are whole wherever the stream was cut', () => {
    const bytes = Buffer.from('{"a":"你🙂"}\r\n\n \n{"b":1}\nrest');
    for (let sizeBytes = 1; sizeBytes <= bytes.length; sizeBytes += 1) {
      const pieces: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += sizeBytes) pieces.push(bytes.subarray(at, at + sizeBytes));
      expect(cut(pieces)).toEqual({
        whole: ['{"a":"你🙂"}', '{"b":1}'],
        lines: ['{"a":"你🙂"}', '{"b":1}', 'rest'],
        tooLong: 0,
      });
    }
  });

  it('are none in nothing', () => {
    expect(cut(['', '\n', '\r\n']).lines).toEqual([]);
  });

  it('are bounded', () => {
    expect(cut(['12345\n', '12345'], 5)).toMatchObject({ lines: ['12345', '12345'], tooLong: 0 });
    expect(cut(['123', '456', '\n12\n'], 5)).toMatchObject({ lines: ['12'], tooLong: 1 });
  });
});
