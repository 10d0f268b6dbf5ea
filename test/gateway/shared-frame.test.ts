import { describe, expect, it } from 'vitest';
import * as ws from 'ws';
import { textFrame } from '../../src/gateway/shared-frame.js';

/** What the types of ws leave out. */
const { Sender } = ws as unknown as { Sender: { frame(data: Buffer, options: object): readonly Buffer[] } };
const OPTIONS = { fin: true, opcode: 1, mask: false, rsv1: false, readOnly: true };

describe('the frame of a text', () => {
  it.each([0, 1, 125, 126, 127, 65_535, 65_536, 70_000])('of %i bytes is that of ws', (length) => {
    const text = 'x'.repeat(length);
    expect(textFrame(text).equals(Buffer.concat(Sender.frame(Buffer.from(text), OPTIONS)))).toBe(true);
  });

  it.each(['你好，世界'.repeat(30), '👩‍👩‍👧 ok', '\ud83d alone'])('of %s is counted in bytes', (text) => {
    expect(textFrame(text).equals(Buffer.concat(Sender.frame(Buffer.from(text), OPTIONS)))).toBe(true);
  });
});
