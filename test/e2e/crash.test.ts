/** The short form of `npm run test:crash`: a server that is killed again and again keeps what it promised. */
import { afterEach, describe, expect, it } from 'vitest';
import { crashRun } from '../crash/crash-run.js';
import { endAll } from '../support/ending.js';
import { RUN_JS } from '../support/gollama-process.js';

afterEach(endAll);

const PATIENCE_MS = 120_000;

describe('a server that is killed in the middle of its work', () => {
  it(
    'loses nothing that it acknowledged, and does nothing twice',
    async () => {
      const seed = Math.floor(Math.random() * 2 ** 31);
      const told: string[] = [];
      const options = { rounds: 8, seed, clients: 6, runJs: RUN_JS };
      const { violations, clients, runs } = await crashRun(options, (line) => told.push(line));
      expect({ seed, violations }, told.join('\n')).toEqual({ seed, violations: [] });
      expect(clients.submits, `seed ${seed}`).toBeGreaterThan(0);
      expect(runs.begun, `seed ${seed}`).toBeGreaterThan(0);
    },
    PATIENCE_MS,
  );
});
