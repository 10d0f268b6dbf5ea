/** The Node that runs us. */
import { type Check, fail, ok, warn } from './check.js';

export const NODE_MIN = '20.19';

/** End of life of the releases with long-term support (https://github.com/nodejs/release#release-schedule). */
const END_OF_LIFE: Readonly<Record<number, string>> = {
  20: '2026-04-30',
  22: '2027-04-30',
  24: '2028-04-30',
  26: '2029-04-30',
};

const DAY_MS = 86_400_000;
const SOON_DAYS = 90;

/** `version` as `process.version` has it: `v20.20.2`. */
export function nodeCheck(version: string, todayEpochMs: number): Check {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const [majorMin = 0, minorMin = 0] = NODE_MIN.split('.').map(Number);
  const isNewEnough = major > majorMin || (major === majorMin && minor >= minorMin);
  if (!isNewEnough) return fail('node', `${version} is too old`, `install Node ${NODE_MIN} or later`);
  const end = END_OF_LIFE[major];
  if (end === undefined && major % 2 === 1 && major < 27) {
    return warn('node', `${version} has no long-term support`, 'install an even version of Node');
  }
  return ok('node', `${version} (>=${NODE_MIN}${endNote(end, todayEpochMs)})`);
}

/** The day itself is the last one of support. */
function endNote(end: string | undefined, todayEpochMs: number): string {
  if (end === undefined) return '';
  const restDays = (Date.parse(end) + DAY_MS - todayEpochMs) / DAY_MS;
  if (restDays <= 0) return `; note: end of life since ${end}`;
  return restDays < SOON_DAYS ? `; note: end of life on ${end}` : '';
}
