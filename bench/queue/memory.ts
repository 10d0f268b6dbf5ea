/** How much memory a long backlog takes: that of a process at work on it, less that of one with an empty store. */
import { readFileSync } from 'node:fs';
import type { Figures, Setting } from './measurement.js';
import { runMeasurement } from './measuring-process.js';
import { claimSome, giveBack, withStore } from './stores.js';

const CLAIMS = 64;
const ROUNDS = 40;
const LIMIT = 50;
const MIB = 2 ** 20;

export async function memory(setting: Setting): Promise<Figures> {
  const { rssMib: withBacklog = Number.NaN } = await runMeasurement('memory-of-store', setting);
  const empty = { ...setting, large: setting.folder };
  const { rssMib: withNothing = Number.NaN } = await runMeasurement('memory-of-store', empty);
  return { addedMib: withBacklog - withNothing, rssMib: withBacklog };
}

/** The process of the store in `large`, which does a little of everything. */
export function memoryOfStore({ large }: Setting): Promise<Figures> {
  return withStore(large, async (store) => {
    let cursor: number | undefined;
    for (let round = 0; round < ROUNDS; round += 1) {
      await giveBack(store, await claimSome(store, CLAIMS));
      const page = await store.list({ limit: LIMIT, ...(cursor === undefined ? {} : { cursor }) });
      cursor = page.cursor;
    }
    globalThis.gc?.();
    return { rssMib: rssBytes() / MIB };
  });
}

function rssBytes(): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kib) * 1024;
}
