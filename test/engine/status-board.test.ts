import { describe, expect, it } from 'vitest';
import type { EngineStatus } from '../../src/engine/engine.js';
import { StatusBoard } from '../../src/engine/status-board.js';

const STOPPED: EngineStatus = {
  state: 'stopped',
  models: [],
  slots: 0,
  contextTokens: undefined,
  restarts: 0,
  problem: undefined,
};

function make() {
  const board = new StatusBoard(STOPPED);
  const seen: string[] = [];
  const silence = board.onChange(() => seen.push(board.status.state));
  return { board, seen, silence };
}

describe('the status board', () => {
  it('tells its listeners after every change, when the new status is there', () => {
    const { board, seen } = make();
    board.update({ state: 'starting' });
    board.update({ state: 'ready', slots: 2 });
    expect(seen).toEqual(['starting', 'ready']);
    expect(board.status).toEqual({ ...STOPPED, state: 'ready', slots: 2 });
  });

  it.each<Partial<EngineStatus>>([
    { models: ['a'] },
    { slots: 1 },
    { contextTokens: 4096 },
    { restarts: 1 },
    { problem: 'why' },
    { state: 'ready' },
  ])('takes %o for a change', (change) => {
    const { board, seen } = make();
    board.update(change);
    expect(seen).toHaveLength(1);
  });

  it('says nothing where nothing is different, also with another list of the same models', () => {
    const { board, seen } = make();
    board.update({ models: ['a', 'b'] });
    board.update({ models: ['a', 'b'], state: 'stopped', problem: undefined });
    expect(seen).toHaveLength(1);
  });

  it('leaves those alone who do not listen any more', () => {
    const { board, seen, silence } = make();
    silence();
    silence();
    board.update({ slots: 3 });
    expect(seen).toEqual([]);
  });
});
