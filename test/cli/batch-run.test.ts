import { describe, expect, it } from 'vitest';
import { planBatch } from '../../src/cli/batch-plan.js';
import { progressText } from '../../src/cli/batch-run.js';
import { endAll } from '../support/ending.js';
import { makePlace } from '../support/place.js';

describe('the progress of a batch', () => {
  it.each([
    [0, 3, '[--------------------] 0/3 done'],
    [1, 3, '[######--------------] 1/3 done'],
    [3, 3, '[####################] 3/3 done'],
  ])('%d of %d is %s', (count, total, text) => {
    expect(progressText('done', count, total)).toBe(text);
  });

  it('tells what went wrong', () => {
    expect(progressText('done', 4, 4, { completed: 1, failed: 2, cancelled: 1 })).toBe(
      '[####################] 4/4 done · 2 failed · 1 cancelled',
    );
  });
});

describe('the plan of a batch', () => {
  it('names the command line that goes on with the same tasks', async () => {
    const file = makePlace().write("it's tasks.jsonl", '{"type":"generate","prompt":"x"}');
    const plan = await planBatch({ file, model: 'm', sync: false, key: 'nightly' });
    await endAll();
    expect(plan.again).toBe(`gollama submit batch --file '${file.replace("'", "'\\''")}' --model m --key nightly`);
    expect([plan.isAwaited, plan.tasks.length]).toEqual([false, 1]);
  });
});
