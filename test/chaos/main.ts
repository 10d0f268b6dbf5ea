/** `npm run test:chaos`: can anybody lose a part of an answer? A short version is part of `npm test`. */
import { renderTable } from '../../src/cli/table.js';
import { optionsOr } from '../support/command-line.js';
import { endAll } from '../support/ending.js';
import { type ChaosReport, chaosRun } from './chaos-run.js';
import { type ChaosOptions, readOptions, USAGE } from './options.js';

const VIOLATIONS_TOLD = 60;

async function main(): Promise<number> {
  const options = optionsOr(readOptions, USAGE);
  if (typeof options === 'number') return options;
  process.stdout.write(`seed ${options.seed}\n`);
  try {
    const report = await chaosRun(options, (line) => process.stderr.write(`${line}\n`));
    process.stdout.write(`${text(report, options)}\n`);
    return report.violations.length === 0 ? 0 : 1;
  } catch (error) {
    process.stdout.write(`${String(error)}\nFAILED (--seed ${options.seed})\n`);
    return 1;
  } finally {
    await endAll();
  }
}

function text({ violations, faces, counts }: ChaosReport, options: ChaosOptions): string {
  const { seed, streams, readers, kills, slots } = options;
  const columns = ['readers', 'connections', 'restarts', 'untold', 'characters', 'slowest_ms'] as const;
  const right = (title: string) => ({ title, align: 'right' }) as const;
  const faceRows = Object.entries(faces)
    .sort(([one], [other]) => one.localeCompare(other))
    .map(([face, told]) => [face, ...columns.map((column) => String(told[column]))]);
  const countRows = Object.entries(counts).map(([what, count]) => [what, String(count)]);
  return [
    '',
    renderTable([{ title: 'face' }, ...columns.map(right)], faceRows),
    '',
    renderTable([{ title: 'what' }, right('count')], countRows),
    '',
    ...violations.slice(0, VIOLATIONS_TOLD).map((violation) => `BROKEN ${violation}`),
    ...(violations.length > VIOLATIONS_TOLD ? [`… and ${violations.length - VIOLATIONS_TOLD} more`] : []),
    violations.length === 0
      ? 'PASSED: every reader was told all of its answer, once'
      : `FAILED: ${violations.length} promises were broken`,
    `to draw the same again: --seed ${seed} --streams ${streams} --readers ${readers} --kills ${kills} --slots ${slots}`,
  ].join('\n');
}

process.exitCode = await main();
