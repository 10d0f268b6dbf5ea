import { describe, expect, it } from 'vitest';
import { TASK_STATUSES } from '../../src/protocol/task.js';
import { isFinal, LEGAL_MOVES, statusOf, type TaskState } from '../../src/tasks/task.js';

const STATES = Object.keys(LEGAL_MOVES) as TaskState[];

describe('the states of a task', () => {
  it('have the words that clients know', () => {
    expect(STATES.map(statusOf)).toEqual(['pending', 'pending', 'running', 'completed', 'failed', 'cancelled']);
    expect(new Set(STATES.map(statusOf))).toEqual(new Set(TASK_STATUSES));
  });

  it('are final where a task has ended', () => {
    expect(STATES.filter(isFinal)).toEqual(['completed', 'failed', 'cancelled']);
  });
});

describe('the legal moves of a task', () => {
  it('lead into a running state from a ready one alone', () => {
    expect(STATES.filter((state) => LEGAL_MOVES[state].includes('running'))).toEqual(['ready']);
  });

  it('lead into a result or an error from a running state alone', () => {
    for (const end of ['completed', 'failed'] as const)
      expect(STATES.filter((state) => LEGAL_MOVES[state].includes(end))).toEqual(['running']);
  });

  it('lead into a cancelled state from every one that is not final', () => {
    expect(STATES.filter((state) => LEGAL_MOVES[state].includes('cancelled'))).toEqual(
      STATES.filter((state) => !isFinal(state)),
    );
  });

  it('lead nowhere from a completed task, and from other ends back to the queue alone', () => {
    expect(LEGAL_MOVES.completed).toEqual([]);
    expect(LEGAL_MOVES.failed).toEqual(['ready']);
    expect(LEGAL_MOVES.cancelled).toEqual(['ready']);
  });
});
