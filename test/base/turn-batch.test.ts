import { afterEach, describe, expect, it } from 'vitest';
import { TurnBatch } from '../../src/base/turn-batch.js';
import { atEnd, endAll } from '../support/ending.js';

afterEach(endAll);

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

function make(itemsMax = 100) {
  const taken: string[] = [];
  const batch = new TurnBatch<string>(itemsMax, (items) => taken.push(items.join('')));
  atEnd(() => batch.close());
  return { batch, taken };
}

describe('a batch', () => {
  it('hands over what came in one turn in one go', async () => {
    const { batch, taken } = make();
    batch.add('a');
    await Promise.resolve();
    batch.add('b');
    expect(taken).toEqual([]);
    await nextTurn();
    batch.add('c');
    await nextTurn();
    expect(taken).toEqual(['ab', 'c']);
  });

  it('hands over at once when it is full', () => {
    const { batch, taken } = make(2);
    for (const item of 'abc') batch.add(item);
    expect(taken).toEqual(['ab']);
  });

  it('takes what is added while it hands over for the next one', async () => {
    const taken: string[] = [];
    const batch = new TurnBatch<string>(100, (items) => {
      taken.push(items.join(''));
      if (items.includes('a')) batch.add('b');
    });
    atEnd(() => batch.close());
    batch.add('a');
    await nextTurn();
    await nextTurn();
    expect(taken).toEqual(['a', 'b']);
  });

  it('hands over what is left when it is closed', () => {
    const { batch, taken } = make();
    batch.add('a');
    batch.close();
    expect(taken).toEqual(['a']);
  });

  it('is told by one listener that the process exits, however many batches there are', async () => {
    make();
    const before = process.listenerCount('exit');
    for (let at = 0; at < 20; at += 1) make();
    expect(process.listenerCount('exit')).toBe(before);
    await endAll();
    expect(process.listenerCount('exit')).toBe(before - 1);
  });

  it('hands over at once when the process exits, and from then on', () => {
    const { batch, taken } = make();
    batch.add('a');
    batch.exit();
    batch.add('b');
    expect(taken).toEqual(['a', 'b']);
  });
});
