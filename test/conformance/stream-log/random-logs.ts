/** Random appends, reads and restarts against a model: arrays. */
import { expect, it } from 'vitest';
import { isTerminal, type LogRecord } from '../../../src/stream/record.js';
import { done, failed, type LogBookUnderTest, restart, text } from '../stream-log.js';

const IDS = ['a', 'b', 'c'];
const STEPS = 1_500;
const SEEDS = [1, 2, Number(process.env.GOLLAMA_SEED ?? Date.now() % 1_000_000)];

export function describeRandomLogs(current: () => LogBookUnderTest, use: (next: LogBookUnderTest) => void): void {
  it.each(SEEDS)(
    'random appends, reads and restarts come to what the contract says (seed %i)',
    {
      timeout: 120_000,
    },
    async (seed) => {
      const chance = dice(seed);
      const below = (limit: number) => Math.floor(chance() * limit);
      const model = new Map<string, LogRecord[]>();

      function append(id: string): void {
        const record = randomRecord(chance);
        const records = model.get(id) ?? [];
        const final = records.at(-1);
        if (final === undefined || !isTerminal(final) || record.kind === 'restart') records.push(record);
        model.set(id, records);
        current().book.append(id, record);
      }

      /** What is read is part of what was appended, from the right place on, and there is as much as was told. */
      async function check(id: string): Promise<void> {
        const { book } = current();
        const records = model.get(id);
        const last = book.last(id);
        const after = below((records?.length ?? 0) + 2);
        const limit = below(40);
        const entries = await book.read(id, after, limit);
        expect(entries === undefined, `seed ${seed}`).toBe(records === undefined);
        const expected = (records ?? [])
          .map((record, at) => ({ sequence: at + 1, record }))
          .slice(after, after + limit);
        expect(entries ?? [], `seed ${seed}`).toEqual(expected.slice(0, entries?.length ?? 0));
        expect(entries?.length ?? 0).toBeGreaterThanOrEqual(Math.min(limit, Math.max(0, (last ?? 0) - after)));
      }

      async function checkAll(): Promise<void> {
        await current().settled();
        for (const [id, records] of model) {
          expect(current().book.last(id), `seed ${seed}`).toBe(records.length);
          const entries = await current().book.read(id, 0, records.length + 1);
          expect(
            entries?.map(({ record }) => record),
            `seed ${seed}`,
          ).toEqual(records);
        }
      }

      for (let step = 0; step < STEPS; step += 1) {
        const id = IDS[below(IDS.length)] ?? 'a';
        const choice = chance();
        if (choice < 0.8) append(id);
        else if (choice < 0.97) await check(id);
        else if (choice < 0.998) await checkAll();
        else {
          await current().settled();
          const next = await current().reopened?.(chance() < 0.5 ? 'stopped' : 'killed');
          if (next) use(next);
          await checkAll();
        }
      }
      await checkAll();
    },
  );
}

function randomRecord(chance: () => number): LogRecord {
  const choice = chance();
  if (choice < 0.75) return text('héllo 😀 '.slice(Math.floor(chance() * 8)).repeat(1 + Math.floor(chance() * 30)));
  if (choice < 0.85) return { kind: 'reasoning', text: 'hm' };
  if (choice < 0.9) return { kind: 'tool_call', call: { index: Math.floor(chance() * 3) } };
  if (choice < 0.95) return restart(1);
  return choice < 0.975 ? done : failed;
}

function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
