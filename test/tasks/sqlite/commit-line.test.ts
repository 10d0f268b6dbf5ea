import { describe, expect, it } from 'vitest';
import { GollamaError } from '../../../src/base/errors.js';
import { CommitLine } from '../../../src/tasks/sqlite/commit-line.js';
import type { Operation } from '../../../src/tasks/sqlite/messages.js';
import { settled } from '../../support/manual-clock.js';

const claim = (number: number): Operation => ({ kind: 'claim', number, engine: undefined, atMs: 0 });
const submit = (body: string): Operation => ({ kind: 'submit', rows: [{ values: [], body }] });
const prune: Operation = { kind: 'prune', rule: { state: 'failed', endedBeforeMs: 0, keepMax: 0 } };
const FAILURE = new GollamaError('storage_full', 'full');

function line() {
  const sent: (readonly Operation[])[] = [];
  const heard: string[] = [];
  const commits = new CommitLine(
    (operations) => sent.push(operations),
    () => heard.push('idle'),
  );
  const add = (operation: Operation, name: string) =>
    commits.add(
      operation,
      () => heard.push(`${name} done`),
      ({ code }) => heard.push(`${name} ${code}`),
    );
  return { commits, sent, heard, add };
}

describe('the line of operations', () => {
  it('sends what comes in one turn of the loop together, and what comes meanwhile behind it', async () => {
    const { commits, sent, heard, add } = line();
    add(claim(1), 'a');
    void Promise.resolve().then(() => add(claim(2), 'b'));
    expect(sent).toEqual([]);
    await settled();
    expect(sent).toEqual([[claim(1), claim(2)]]);
    add(claim(3), 'c');
    await settled();
    expect(sent).toHaveLength(1);
    commits.committed([undefined, undefined]);
    expect(sent[1]).toEqual([claim(3)]);
    expect(heard).toEqual(['a done', 'b done']);
    commits.committed([undefined]);
    expect(heard).toEqual(['a done', 'b done', 'c done', 'idle']);
  });

  it('sends what has come where it is half of the last batch, or as much as is under way, and that is much', async () => {
    const { commits, sent, add } = line();
    const come = (count: number) => {
      for (let number = 0; number < count; number += 1) add(claim(number), 'x');
      return sent.map(({ length }) => length);
    };
    const committed = (count: number) => commits.committed(Array.from({ length: count }, () => undefined));
    expect(come(31)).toEqual([]);
    expect(come(1)).toEqual([32]);
    expect(come(31)).toEqual([32]);
    expect(come(1)).toEqual([32, 32]);
    // No more than two at a time.
    expect(come(80)).toEqual([32, 32]);
    committed(32);
    expect(sent).toHaveLength(2);
    committed(32);
    expect(come(0)).toEqual([32, 32, 80]);
    committed(80);
    expect(come(39)).toEqual([32, 32, 80]);
    expect(come(1)).toEqual([32, 32, 80, 40]);
    await settled();
    expect(sent).toHaveLength(4);
  });

  it('tells all of a failed batch, the submissions first', async () => {
    const { commits, heard, add } = line();
    add(claim(1), 'claim');
    add(submit('x'), 'submit');
    await settled();
    commits.failed(FAILURE);
    expect(heard).toEqual(['submit storage_full', 'claim storage_full', 'idle']);
  });

  it('tells everybody when it breaks, now and later', async () => {
    const { commits, sent, heard, add } = line();
    add(claim(1), 'a');
    await settled();
    add(claim(2), 'b');
    const idle = commits.idle();
    commits.break(new GollamaError('storage_error', 'the thread ended'));
    await idle;
    add(claim(3), 'c');
    expect(heard).toEqual(['a storage_error', 'b storage_error', 'idle', 'c storage_error']);
    expect(sent).toHaveLength(1);
  });

  it('lets what prunes go alone', async () => {
    const { commits, sent, add } = line();
    for (const operation of [claim(1), prune, claim(2), claim(3)]) add(operation, 'x');
    await settled();
    for (const batch of [1, 2, 3]) {
      expect(sent).toHaveLength(batch);
      commits.committed(sent[batch - 1]!.map(() => (sent[batch - 1]![0] === prune ? { removed: 0 } : undefined)));
    }
    expect(sent).toEqual([[claim(1)], [prune], [claim(2), claim(3)]]);
  });

  it('bounds a batch by its tasks and by their size', async () => {
    const { commits, sent, add } = line();
    const committed = (place: number) => commits.committed(sent[place]!.map(() => undefined));
    add(claim(0), 'x');
    await settled();
    for (let number = 0; number < 600; number += 1) add(claim(number), 'x');
    committed(0);
    committed(1);
    expect(sent.map(({ length }) => length)).toEqual([1, 32, 512]);
    committed(2);
    committed(3);
    const big = submit('x'.repeat(9 * 1024 * 1024));
    for (let number = 0; number < 3; number += 1) add(big, 'x');
    await settled();
    expect(sent[4]).toHaveLength(2);
  });
});
