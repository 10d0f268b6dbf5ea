import { describe, expect, it } from 'vitest';
import { PendingModels } from '../../src/tasks/pending-models.js';

describe('pending models', () => {
  it('admit models up to their bound, and those that wait already beyond it', () => {
    const models = new PendingModels(2);
    models.entered('a');
    models.admit(['a', 'b', 'b']);
    models.entered('b', 3);
    models.admit(['a', 'b']);
    expect(() => models.admit(['a', 'c'])).toThrow('tasks are waiting for 2 models');
  });

  it('count what they are asked to admit as a whole, and keep none of it', () => {
    const models = new PendingModels(2);
    expect(() => models.admit(['a', 'b', 'c'])).toThrow(
      expect.objectContaining({ code: 'queue_full', param: 'model' }),
    );
    models.admit(['a', 'b']);
    models.admit(['c', 'd']);
  });

  it('have room again when the last task of a model has left', () => {
    const models = new PendingModels(1);
    models.entered('a', 2);
    models.left('a');
    expect(() => models.admit(['b'])).toThrow();
    models.left('a');
    models.admit(['b']);
  });
});
