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

type Section = (opened: () => Harness, make: MakeStore) => void;

const SECTIONS: readonly Section[] = [
  describeSubmitting,
  describeOrder,
  describeMoves,
  describeDelays,
  describeReading,
  describePruning,
  describeDeliveries,
  describeLifetime,
  describeRandomOperations,
];

/** For every store. */
export function taskStoreConformance(name: string, make: MakeStore): void {
  describeAll(name, make, SECTIONS);
}

/** For a store that keeps its tasks when its process ends; `make` gives the way to reopen it. */
export function durableTaskStoreConformance(name: string, make: MakeStore): void {
  describeAll(name, make, [...SECTIONS, describeRecovery]);
}

function describeAll(name: string, make: MakeStore, sections: readonly Section[]): void {
  describe(`${name} keeps the contract of a task store`, () => {
    let harness: Harness;
    const opened = () => harness;

    beforeEach(async () => {
      harness = await Harness.open(make);
    });

    afterEach(() => harness.close());

    for (const section of sections) section(opened, make);
  });
}
