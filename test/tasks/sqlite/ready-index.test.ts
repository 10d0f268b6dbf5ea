import { describe, expect, it } from 'vitest';
import { ReadyIndex } from '../../../src/tasks/sqlite/ready-index.js';

const entry = (number: number, priority = 5) => ({ number, priority, order: number });

function index() {
  const heads: string[] = [];
  const asked: [string, number | undefined, number][] = [];
  const ready = new ReadyIndex(
    (model) => heads.push(model),
    (model, after, limit) => asked.push([model, after?.number, limit]),
  );
  return { ready, heads, asked };
}

describe('what is ready', () => {
  it('is a place for each model, as long as it has something', () => {
    const { ready, heads } = index();
    ready.put('a', entry(1));
    ready.put('b', entry(2));
    expect([...ready.models()]).toEqual(['a', 'b']);
    ready.drop('a', 1);
    expect([...ready.models()]).toEqual(['b']);
    expect(ready.head('a')).toBeUndefined();
    expect(heads).toEqual(['a', 'b', 'a']);
    expect(ready.take('never seen')).toBeUndefined();
  });

  it('is offered once: a task that was taken comes back only when its claim fails', () => {
    const { ready } = index();
    ready.put('a', entry(1));
    expect(ready.take('a')).toEqual(entry(1));
    ready.put('a', entry(1, 9));
    expect(ready.head('a')).toBeUndefined();
    ready.putBack(1);
    expect(ready.head('a')).toEqual({ priority: 9, order: 1 });
    ready.take('a');
    ready.taken(1);
    ready.putBack(1);
    expect(ready.head('a')).toBeUndefined();
  });

  it('does not come back where it ended, or never was, while it was being claimed', () => {
    const { ready } = index();
    ready.put('a', entry(1));
    ready.take('a');
    ready.drop('a', 1);
    ready.putBack(1);
    expect(ready.head('a')).toBeUndefined();
    expect([...ready.models()]).toEqual([]);
  });

  it('begins with a part of what the store has, small where there are many models', () => {
    const one = index();
    one.ready.open(['a']);
    expect(one.asked).toEqual([['a', undefined, 1024]]);
    const many = index();
    many.ready.open(Array.from({ length: 1000 }, (_, number) => `m${number}`));
    expect(many.asked).toHaveLength(1000);
    expect(many.asked[0]).toEqual(['m0', undefined, 64]);
  });

  it('asks for more behind what it has, until there is no more', () => {
    const { ready, asked, heads } = index();
    ready.open(['a']);
    expect(ready.head('a')).toBeUndefined();
    ready.refilled('a', [1, 5, 1, 2, 5, 2], true);
    expect(heads).toEqual(['a']);
    expect(asked.at(-1)).toEqual(['a', 2, 1024]);
    ready.refilled('a', [3, 5, 3], false);
    expect(asked).toHaveLength(2);
    expect([ready.take('a'), ready.take('a'), ready.take('a'), ready.take('a')].map((taken) => taken?.number)).toEqual([
      1,
      2,
      3,
      undefined,
    ]);
  });

  it('is asked for again after a failure only when told to look', () => {
    const { ready, asked } = index();
    ready.open(['a']);
    ready.notRefilled('a');
    expect(asked).toHaveLength(1);
    ready.lookAgain('a');
    expect(asked).toHaveLength(2);
    ready.refilled('a', [], false);
    ready.lookAgain('a');
    expect([...ready.models()]).toEqual([]);
  });
});
