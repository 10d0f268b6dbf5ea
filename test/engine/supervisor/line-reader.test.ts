import { describe, expect, it } from 'vitest';
import { LineReader } from '../../../src/engine/supervisor/line-reader.js';

function read(...chunks: (string | Buffer)[]): string[] {
  const lines: string[] = [];
  const reader = new LineReader((line) => lines.push(line));
  for (const chunk of chunks) reader.push(Buffer.from(chunk));
  reader.end();
  return lines;
}

describe('LineReader', () => {
  it('cuts at LF, CR LF and a lone CR, wherever the chunks end', () => {
    expect(read('a\nb\r', '\nc\rd', 'e\n')).toEqual(['a', 'b', 'c', 'de']);
  });

  it('gives out a last line without an end', () => {
    expect(read('a\nlast')).toEqual(['a', 'last']);
  });

  it('keeps a character that is split between chunks', () => {
    const bytes = Buffer.from('é\n');
    expect(read(bytes.subarray(0, 1), bytes.subarray(1))).toEqual(['é']);
  });

  it('keeps the beginning of an endless line, counts the rest, and reads the line after it', () => {
    const [long, next] = read('x'.repeat(70_000), 'x'.repeat(200_000), '\nnext\n');
    expect(long).toBe(`${'x'.repeat(65_536)} ... (${270_000 - 65_536} bytes more)`);
    expect(next).toBe('next');
  });
});
