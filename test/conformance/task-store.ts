/**
 * The contract of a task store as tests: every store must pass them. Most are one sentence of the contract each; at the end
 * random operations run against a model of the contract.
 */
import { afterEach, beforeEach, describe } from 'vitest';
import { describeDelays } from './task-store/delays.js';
import { Harness, type MakeStore } from './task-store/harness.js';
import { describeLifetime, describeRecovery } from './task-store/lifetime.js';
import { describeMoves } from './task-store/moves.js';
import { describeOrder } from './task-store/order.js';
import { describeRandomOperations } from './task-store/random-operations.js';
import { describeReading } from './task-store/reading.js';
import { describeDeliveries, describePruning } from './task-store/retention.js';
import { describeSubmitting } from './task-store/submitting.js';

export type { MakeStore } from './task-store/harness.js';

export function taskStoreConformance(name: string, make: MakeStore): void {
  describe(`${name} keeps the contract of a task store`, () => {
    let harness: Harness;
    const opened = () => harness;

    beforeEach(async () => {
      harness = await Harness.open(make);
    });

    afterEach(() => harness.close());

    describeSubmitting(opened);
    describeOrder(opened);
    describeMoves(opened);
    describeDelays(opened);
    describeReading(opened);
    describePruning(opened);
    describeDeliveries(opened);
    describeLifetime(opened, make);
    describeRecovery(opened);
    describeRandomOperations(opened);
  });
}
