/** `npm run soak`: does a gateway hold more after many requests than after few? It is no part of `npm test`. */
import { renderTable } from '../../src/cli/table.js';
import { optionsOr } from '../support/command-line.js';
import { endAll } from '../support/ending.js';
import { eventually } from '../support/eventually.js';
import { SoakGateway } from './gateway.js';
import { Load } from './load.js';
import { readOptions, type SoakOptions, USAGE } from './options.js';
import { type Ending, type Finding, findings, handlesOf, mebibytes, type Sample, sparkline } from './verdict.js';

const SAMPLES = 40;
/** Idle connections are closed after 75 s by the gateway, and by these clients before; to the engine after 4 s. */
const CLOSING_PATIENCE_MS = 30_000;

async function main(): Promise<number> {
  const options = optionsOr(readOptions, USAGE);
  if (typeof options === 'number') return options;
  try {
    const { samples, ending, load, gateway } = await soak(options);
    const found = findings(samples, ending);
    if (options.json) {
      const { outcomes, retried } = gateway;
      const all = { schemaVersion: 1, options, samples, counts: load.counts, outcomes, retried, findings: found };
      process.stdout.write(`${JSON.stringify(all)}\n`);
    } else {
      process.stdout.write(`${report(samples, found, load, gateway)}\n`);
    }
    return found.every(({ ok }) => ok) ? 0 : 1;
  } finally {
    await endAll();
  }
}

async function soak(options: SoakOptions) {
  const streams = options.minutes !== undefined;
  const gateway = await SoakGateway.start({ slots: options.slots, tokenMs: streams ? 5 : 0 });
  const before = await gateway.holdings();
  const startMs = performance.now();
  const elapsedS = () => Math.round((performance.now() - startMs) / 100) / 10;
  const load = new Load(
    { ...options, url: gateway.url, tokens: streams ? 200 : 4 },
    streams ? Infinity : options.requests,
  );
  const lastS = (options.minutes ?? Infinity) * 60;
  let isOver = false;
  const over = load.ended().then(() => {
    isOver = true;
  });
  const samples: Sample[] = [];
  const share = () => (streams ? elapsedS() / lastS : load.done / options.requests);
  while (!isOver) {
    await eventually('the next sample is due', () => isOver || share() >= (samples.length + 1) / SAMPLES, {
      everyMs: 50,
      patienceMs: Infinity,
    });
    const requests = load.done;
    samples.push({ requests, elapsedS: elapsedS(), ...pick(await gateway.holdings()) });
    tell(`${requests} requests, ${elapsedS()} s, ${mebibytes(samples.at(-1)?.rssBytes ?? 0)}`);
    if (elapsedS() >= lastS) load.stop();
  }
  await over;
  tell('waiting for its connections to close');
  return { samples, ending: await endingOf(gateway, load, before), load, gateway };
}

async function endingOf(gateway: SoakGateway, load: Load, before: Ending['before']): Promise<Ending> {
  const quietOr = (what: string, look: () => Promise<boolean>) =>
    eventually(what, look, { everyMs: 500, patienceMs: CLOSING_PATIENCE_MS }).catch(() => false);
  await quietOr('every slot is free', async () => (await gateway.unrest()) === 0);
  const unrest = await gateway.unrest();
  let after = await gateway.holdings();
  await quietOr('every connection is closed', async () => {
    after = await gateway.holdings();
    return after.connections === 0;
  });
  const unended = [...load.accepted].filter((id) => !gateway.ended.has(id)).length;
  return { unended, endedAgain: gateway.endedAgain, failed: load.failed, unrest, before, after };
}

/** Without what is only the frame of a line in the log. */
function pick({ rssBytes, heapBytes, externalBytes, connections, files, handles }: Ending['before']): Ending['before'] {
  return { rssBytes, heapBytes, externalBytes, connections, files, handles };
}

function report(samples: readonly Sample[], found: readonly Finding[], load: Load, gateway: SoakGateway): string {
  const columns = ['requests', 'seconds', 'RSS', 'heap', 'buffers', 'connections', 'files', 'handles'];
  const every = Math.ceil(samples.length / 10);
  const rows = samples
    .filter((_, at) => at % every === every - 1 || at === samples.length - 1)
    .map((sample) => [
      String(sample.requests),
      sample.elapsedS.toFixed(1),
      mebibytes(sample.rssBytes),
      mebibytes(sample.heapBytes),
      mebibytes(sample.externalBytes),
      String(sample.connections),
      String(sample.files.length),
      String(handlesOf(sample)),
    ]);
  const mix = Object.entries(load.counts).map(([kind, count]) => `${count} ${kind}`);
  return [
    renderTable(
      columns.map((title) => ({ title, align: 'right' })),
      rows,
    ),
    '',
    `RSS   ${sparkline(samples.map(({ rssBytes }) => rssBytes))}`,
    `heap  ${sparkline(samples.map(({ heapBytes }) => heapBytes))}`,
    '',
    mix.join(', '),
    `${gateway.retried} sent to the engine a second time`,
    ...load.failures.map((failure) => `failed: ${failure}`),
    '',
    renderTable(
      [{ title: 'check' }, { title: 'value', align: 'right' }, { title: 'limit', align: 'right' }, { title: '' }],
      found.map(({ name, value, limit, ok }) => [name, value, limit, ok ? 'ok' : 'FAILED']),
    ),
    '',
    found.every(({ ok }) => ok) ? 'PASSED' : 'FAILED',
  ].join('\n');
}

function tell(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
  else process.stderr.write(`${line}\n`);
}

process.exitCode = await main();
