/** `npm run bench:relay`: what it costs to send a request through gollama. Linux only: it reads /proc. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { cpus, homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pause, systemClock } from '../../src/base/clock.js';
import { GollamaError } from '../../src/base/errors.js';
import { type MeasuringParts, runMeasuring, writeReport } from '../measuring.js';
import { spread } from '../spread.js';
import { compilePrograms } from './compile.js';
import type { Gateway } from './gateway.js';
import { gollama } from './gollama.js';
import { LoadClient } from './load.js';
import { MeasuredProcess } from './measured-process.js';
import { findNginx } from './nginx.js';
import { type BenchOptions, HELP, parseOptions } from './options.js';
import { pipe } from './pipe.js';
import { findPortkey } from './portkey.js';
import { type Measurement, measure, type RoundsOptions, trialOf, WARM_UP_STREAMS } from './rounds.js';
import { verdicts } from './summary.js';
import { idleTable, targetTable, workloadTable } from './tables.js';
import { IDLE_MODEL, type Workload, workloads } from './workloads.js';

const HERE = import.meta.dirname;
const ROOT = join(HERE, '..', '..');
const ENGINE_START_MS = 5_000;
const ENGINE_LOOK_MS = 20;

await runMeasuring({ name: 'bench:relay', help: HELP, parse: (argv) => parseOptions(argv, ROOT), run });

async function run(options: BenchOptions, { signal, progress }: MeasuringParts): Promise<void> {
  if (!existsSync('/proc/self/schedstat')) {
    throw new GollamaError('configuration', 'CPU time is read from /proc/PID/task/TID/schedstat, which is not here');
  }
  const folder = await mkdtemp(join(tmpdir(), 'gollama-bench-'));
  let engine: MeasuredProcess | undefined;
  try {
    const programs = await compilePrograms(HERE, folder);
    const env = { ...ownEnvironment(), NODE_ENV: 'production' };
    const outputPath = join(folder, 'engine-output');
    engine = new MeasuredProcess(programs.mockEngine, [], { cwd: folder, env, outputPath });
    const tests = workloads(options.quick).filter(({ name }) => options.tests.includes(name));
    const base: Omit<RoundsOptions, 'gateways'> = {
      rounds: options.rounds,
      workloads: tests,
      withIdle: options.tests.includes('idle'),
      engine: { port: await enginePort(outputPath, signal), process: engine },
      load: new LoadClient(programs.loadClient),
      folder,
      env,
      signal,
      progress,
    };
    const { gateways, leftOut } = await contestants(options, base);
    const measurement = await measure({ ...base, gateways });
    const names = gateways.map(({ name }) => name);
    print(options, measurement, { names, tests, leftOut });
    if (options.jsonPath !== undefined) await writeReport(options.jsonPath, reportOf(options, measurement, leftOut));
  } finally {
    await engine?.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Nobody's gollama settings but the benchmark's own. */
function ownEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GOLLAMA_')));
}

async function enginePort(outputPath: string, signal: AbortSignal): Promise<number> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(ENGINE_START_MS)]);
  while (!deadline.aborted) {
    const port = /^listening (\d+)$/m.exec(await readFile(outputPath, 'utf8'))?.[1];
    if (port !== undefined) return Number(port);
    await pause(systemClock, ENGINE_LOOK_MS, deadline);
  }
  throw new GollamaError('unreachable', `the mock engine did not start: ${await readFile(outputPath, 'utf8')}`);
}

/** Every gateway that works here, and why the others do not. gollama and the pipe must. */
async function contestants(options: BenchOptions, base: Omit<RoundsOptions, 'gateways'>) {
  const leftOut: Record<string, string> = {};
  const gateways: Gateway[] = [];
  for (const candidate of await candidates(options)) {
    const { name } = candidate;
    const missing =
      'missing' in candidate ? candidate.missing : await trialOf(candidate.gateway, { ...base, gateways });
    if (missing === undefined && 'gateway' in candidate) gateways.push(candidate.gateway);
    else if (['nginx', 'portkey'].includes(name)) leftOut[name] = missing ?? '';
    else throw new GollamaError('unreachable', `${name}: ${missing}`);
    if (missing !== undefined) base.progress(`without ${name}: ${missing}`);
  }
  return { gateways, leftOut };
}

type Candidate = { readonly name: string } & ({ readonly gateway: Gateway } | { readonly missing: string });

async function candidates(options: BenchOptions): Promise<Candidate[]> {
  const wanted = (name: string) => options.gateways?.includes(name) ?? true;
  const found: Candidate[] = [];
  const add = (gateway: Gateway) => found.push({ name: gateway.name, gateway });
  if (wanted('pipe')) for (const name of ['pipe', 'pipe again']) add(pipe(name));
  if (wanted('nginx')) found.push({ name: 'nginx', ...(await findNginx()) });
  if (wanted('portkey')) found.push({ name: 'portkey', ...(await findPortkey(cacheFolder())) });
  const models = modelNames(options);
  const { profileFolder } = options;
  if (wanted('gollama')) add(gollama({ name: 'gollama', entry: options.entry, models, profileFolder }));
  for (const { name, entry } of options.also) add(gollama({ name, entry, models, profileFolder }));
  return found;
}

function modelNames({ quick }: BenchOptions): string[] {
  const used = [...workloads(quick), ...WARM_UP_STREAMS].map(({ model }) => model);
  return [...new Set(['mock', 'mock-n3-g1000', IDLE_MODEL, ...used])];
}

function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'gollama-bench');
}

interface Printed {
  readonly names: readonly string[];
  readonly tests: readonly Workload[];
  readonly leftOut: Readonly<Record<string, string>>;
}

function print(options: BenchOptions, measurement: Measurement, { names, tests, leftOut }: Printed): void {
  const neighbours = spread(measurement.samples.map(({ neighbourCores }) => neighbourCores));
  const parts = [
    ...tests.map((workload) => workloadTable(measurement, workload, names)),
    ...(measurement.idle.length > 0 ? [idleTable(measurement, names)] : []),
    ...names
      .filter((name) => name === 'gollama' || options.also.some((other) => other.name === name))
      .map((name) => targetTable(name, verdicts(measurement, name))),
    ...Object.entries(leftOut).map(([name, reason]) => `Without ${name}: ${reason}`),
    `Medians over ${options.rounds} rounds, the extremes in brackets; ratios and differences are taken inside a round.
"pipe again" is the same program as pipe: what lies inside its x pipe is noise.
${neighbours ? `Other processes used ${neighbours.median.toFixed(2)} of ${cpus().length} cores meanwhile.` : ''}`,
  ];
  process.stdout.write(`${parts.join('\n\n')}\n`);
}

function reportOf(options: BenchOptions, measurement: Measurement, leftOut: Readonly<Record<string, string>>): object {
  const names = ['gollama', ...options.also.map(({ name }) => name)];
  const targets = Object.fromEntries(names.map((name) => [name, verdicts(measurement, name)]));
  return { options, leftOut, targets, ...measurement };
}
