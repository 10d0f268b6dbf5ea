/** One contestant in one step: a server and its readers, in fresh processes. */
import { quietMoment } from '../relay/machine.js';
import type { Address, Figures, ReaderOrder, ServerOrder, ServerSetup } from './measurement.js';
import { ProgramProcess } from './orders.js';
import { burstRecords, type Contestant, type Step } from './steps.js';

export interface StepSetting {
  readonly step: Step;
  readonly contestant: Contestant;
  readonly seconds: number;
  /** Its own, empty. */
  readonly folder: string;
}

interface Parties {
  readonly address: Address;
  readonly server: (order: ServerOrder) => Promise<Figures>;
  readonly readers: (order: ReaderOrder) => Promise<Figures>;
}

/** Rejects where it cannot be measured, and when `signal` aborts. */
export async function runStep(setting: StepSetting, signal: AbortSignal): Promise<Figures> {
  const { step, contestant, folder } = setting;
  const server = new ProgramProcess<ServerOrder | ServerSetup>('server-program');
  const readers = new ProgramProcess<ReaderOrder>('reader-program');
  try {
    // A free channel beside the one whose readers stall.
    const producers = step.stalls ? 2 : step.producers;
    const address = await server.ask<Address>({ contestant, producers, folder }, signal);
    const parties: Parties = {
      address,
      server: (order) => server.ask(order, signal),
      readers: (order) => readers.ask(order, signal),
    };
    await quietMoment(signal);
    return await (step.stalls ? runStalled(setting, parties) : runFan(setting, parties));
  } finally {
    await Promise.all([server.stop(), readers.stop()]);
  }
}

async function runFan({ step, contestant, seconds }: StepSetting, parties: Parties): Promise<Figures> {
  const { address, server, readers } = parties;
  const { rssBytes: before = Number.NaN } = await server({ kind: 'rss' });
  const each = step.readers / step.producers;
  const groups = address.channels.map((channel) => ({ channel, readers: each }));
  await readers({ kind: 'connect', contestant, port: address.port, groups });
  const { rssBytes: withReaders = Number.NaN } = await server({ kind: 'rss' });
  const warm = await server({ kind: 'pace', ratePerS: step.ratePerS, seconds: 1 });
  await readers({ kind: 'count', records: (warm.records ?? 0) * each });
  const { records: paced = 0, cpuUs = 0 } = await server({ kind: 'pace', ratePerS: step.ratePerS, seconds });
  const { delayP50Us = Number.NaN } = await readers({ kind: 'count', records: paced * each });
  const { records = 0, beganUs = 0 } = await server({ kind: 'burst', records: burstRecords(step) });
  const { lastUs = 0 } = await readers({ kind: 'count', records: records * each });
  return {
    cpuUsEach: cpuUs / (paced * each),
    delayP50Us,
    deliveriesPerS: (records * each * 1e6) / (lastUs - beganUs),
    rssBytesEach: (withReaders - before) / step.readers,
  };
}

async function runStalled({ step, contestant, seconds }: StepSetting, parties: Parties): Promise<Figures> {
  const { address, server, readers } = parties;
  const [stalled = '', free = ''] = address.channels;
  // One reader of each channel takes all.
  const groups = [
    { channel: stalled, readers: step.readers + 1 },
    { channel: free, readers: 1 },
  ];
  await readers({ kind: 'connect', contestant, port: address.port, groups });
  await readers({ kind: 'stall', readers: step.readers });
  await server({ kind: 'fill', alive: 1 });
  const {
    freePerS = Number.NaN,
    rateRatio = Number.NaN,
    cpuRatio = Number.NaN,
  } = await server({
    kind: 'slices',
    seconds,
  });
  return { freePerS, rateRatio, cpuRatio };
}
