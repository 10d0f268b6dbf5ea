import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { confirmRelease } from '../../src/engine/slot-release.js';
import { ManualClock, settled } from '../support/manual-clock.js';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** By itself, so that nothing of a look is left on the stack of the test. */
async function lookedAndForgotten(signal: AbortSignal): Promise<WeakRef<AbortSignal>[]> {
  const clock = new ManualClock();
  const looks: WeakRef<AbortSignal>[] = [];
  const lookAtSlots = (look: AbortSignal) => {
    looks.push(new WeakRef(look));
    return Promise.resolve([true]);
  };
  const released = confirmRelease({ clock, signal, lookAtSlots, expectedBusy: () => 0 });
  await clock.advanceAsync(120_000);
  expect(await released).toBe('stuck');
  return looks;
}

test('nothing of a look is kept by the signal of an engine that lives on', async () => {
  const engine = new AbortController();
  const looks = await lookedAndForgotten(engine.signal);
  expect(looks.length).toBeGreaterThan(5);
  await settled();
  collectGarbage();
  await settled();
  collectGarbage();
  expect(looks.filter((look) => look.deref() !== undefined)).toEqual([]);
  expect(engine.signal.aborted).toBe(false);
});
