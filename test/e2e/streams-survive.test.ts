/** The short form of `npm run test:chaos`: nobody loses a part of an answer, whatever becomes of network and server. */
import { afterEach, describe, expect, it } from 'vitest';
import { chaosRun } from '../chaos/chaos-run.js';
import { drawSeed } from '../chaos/options.js';
import { endAll } from '../support/ending.js';
import { RUN_JS } from '../support/gollama-process.js';

afterEach(endAll);

const PATIENCE_MS = 120_000;

describe('answers that are read over a bad network from a server that is killed', () => {
  it(
    'are told whole, each record once, on every face that can resume',
    async () => {
      const seed = drawSeed();
      const told: string[] = [];
      const options = { streams: 10, readers: 3, kills: 1, slots: 10, badEndMs: 500, seed, runJs: RUN_JS };
      const { violations, faces, counts } = await chaosRun(options, (line) => told.push(line));
      expect({ seed, violations }, told.join('\n')).toEqual({ seed, violations: [] });
      expect(counts['at the end completed'], `seed ${seed}`).toBeGreaterThan(0);
      expect(Object.keys(faces).length, `seed ${seed}`).toBeGreaterThan(5);
    },
    PATIENCE_MS,
  );
});
