/** Starts a fake engine as a gateway does, notes it in the data directory of argv[2], prints its pid, and goes on living. */
import { systemClock } from '../../src/base/clock.js';
import { silentLogger } from '../../src/base/logger.js';
import { Child } from '../../src/engine/supervisor/child.js';
import { Orphans } from '../../src/engine/supervisor/orphans.js';

const [, , dataDir = '', ...args] = process.argv;
const engine = new URL('fake-engine.mjs', import.meta.url).pathname;
const command = { bin: engine, args, cwd: process.cwd(), env: process.env };
const child = await Child.spawn(command, {
  clock: systemClock,
  onLine: (line) => {
    if (line.startsWith('listening')) console.log(`child ${child.pid}`);
  },
});
new Orphans({ clock: systemClock, logger: silentLogger, dataDir }).record('fake', child.pid, args);
setInterval(() => {}, 1_000);
