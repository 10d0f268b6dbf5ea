/** F, the yardstick: how often a second this disk makes 4 KiB at the end of a file durable, one after the other. */
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.js';
import type { Figures } from './measurement.js';

const BLOCK = Buffer.alloc(4096, 7);
const LOOK_MS = 400;

function syncsPerSecond(folder: string): number {
  const path = join(folder, 'disk');
  const file = openSync(path, 'w');
  let syncs = 0;
  const startedAt = systemClock.now();
  let elapsedMs = 0;
  while (elapsedMs < LOOK_MS) {
    writeSync(file, BLOCK);
    fdatasyncSync(file);
    syncs += 1;
    elapsedMs = systemClock.now() - startedAt;
  }
  closeSync(file);
  rmSync(path);
  return (syncs * 1000) / elapsedMs;
}

/** `measure`, with F as it was before and after it: the disk has neighbours too. */
export async function besideDisk(folder: string, measure: () => Promise<Figures>): Promise<Figures> {
  const before = syncsPerSecond(folder);
  const figures = await measure();
  return { ...figures, syncsPerS: (before + syncsPerSecond(folder)) / 2 };
}
