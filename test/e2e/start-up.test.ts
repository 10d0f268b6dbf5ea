/**
 * How long people wait for a short command: against `node -e 0` in the same minutes, in processor time, and the least of many
 * runs, so that it holds on any machine, a busy one too. An HTTP client, a schema or a renderer that a command loads by
 * mistake costs as much as plain Node, or twice that.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endAll } from '../support/ending.js';
import { makePlace, type Place } from '../support/place.js';
import { releaseIn } from '../support/release.js';
import { type StartedApp, startApp } from '../support/start-app.js';

/** Times what plain Node costs. On a quiet machine it is 1.2, 2.9 and 3.3; other tests run beside this one. */
const COST_MAX = { '--version': 1.6, 'status --json': 3.5, status: 3.9 };
const ROUNDS_MIN = 5;
const ROUNDS_MAX = 40;

/** Tells on the standard error stream what processor time the process took, in microseconds. */
const METER = `process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  process._rawDebug('cpu ' + (user + system));
});`;

let place: Place;
let app: StartedApp;
let meter: string;
let runJs: string;

beforeAll(async () => {
  place = makePlace();
  meter = place.write('meter.cjs', METER);
  runJs = join(await releaseIn(join(place.cwd, 'release')), 'bin/run.js');
  app = await startApp('fallback: simulated');
}, 60_000);
afterAll(endAll);

describe('what is packed', () => {
  it.each(Object.entries(COST_MAX))(
    'starts for %s at no more than %s times the cost of Node itself',
    async (commandLine, costMax) => {
      const command = [runJs, ...commandLine.split(' ')];
      let [plainUs, commandUs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
      for (let round = 0; round < ROUNDS_MAX; round += 1) {
        plainUs = Math.min(plainUs, await costOf(['-e', '0']));
        commandUs = Math.min(commandUs, await costOf(command));
        if (round >= ROUNDS_MIN && commandUs / plainUs <= costMax) break;
      }
      expect(commandUs / plainUs).toBeLessThanOrEqual(costMax);
    },
    60_000,
  );
});

async function costOf(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, ['--require', meter, ...args], {
    // Of the environment nothing else, as certificates to be read at every start.
    env: { PATH: process.env.PATH, HOME: place.home, GOLLAMA_URL: app.url },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let told = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    told += text;
  });
  const [code] = await once(child, 'close');
  expect(code, told).toBe(0);
  return Number(/cpu (\d+)/.exec(told)?.[1]);
}
