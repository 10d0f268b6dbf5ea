/** What the rounds say, row by row, held against the targets. Pure: medians over rounds, of ratios inside a round. */
import { type Spread, spread } from '../spread.js';
import type { Figures } from './measurement.js';
import { type Contestant, STALLED_CONTESTANTS, STEPS } from './steps.js';

/** By step and contestant. */
export type Round = Readonly<Record<string, Readonly<Record<string, Figures>>>>;

export interface Row {
  readonly name: string;
  readonly contestant: Contestant;
  readonly unit: string;
  /** Undefined where it was not measured. */
  readonly measured: Spread | undefined;
  readonly target: Target | undefined;
  /** By the median; undefined where there is no target, or it was not measured. */
  readonly isMet: boolean | undefined;
}

interface Target {
  readonly kind: 'at most' | 'at least';
  readonly value: number;
}

const CPU_RATIO_MAX: Target = { kind: 'at most', value: 1.5 };
const IDLE_KB_MAX: Target = { kind: 'at most', value: 20 };
const STALLED_RATE_MIN: Target = { kind: 'at least', value: 0.95 };

const FACES: readonly Contestant[] = ['centrifuge', 'sse', 'centrifuge-memory', 'sse-memory'];
/** With fewer readers RSS tells of the process, not of them. */
const IDLE_STEP = 'fan-10000';

export function rowsOf(rounds: readonly Round[]): Row[] {
  const row = rowMaker(rounds);
  const fans = STEPS.filter(({ stalls }) => !stalls).flatMap(({ name: step, title }) => {
    const beside = (contestant: Contestant, figure: string) => [step, contestant, figure] as const;
    return [
      row(`${title}, CPU a record`, 'us', beside('bare', 'cpuUsEach')),
      ...FACES.flatMap((face) => {
        const target = face === 'centrifuge' ? CPU_RATIO_MAX : undefined;
        return [
          row(`${title}, CPU a record`, 'us', beside(face, 'cpuUsEach')),
          row(`${title}, CPU a record`, 'x bare', beside(face, 'cpuUsEach'), { over: 'bare', target }),
          row(`${title}, added delay, p50`, 'ms', beside(face, 'delayP50Us'), { less: 'bare', scale: 1e-3 }),
        ];
      }),
      row(`${title}, all at once`, 'records/s', beside('bare', 'deliveriesPerS')),
      ...FACES.map((face) => row(`${title}, all at once`, 'records/s', beside(face, 'deliveriesPerS'))),
    ];
  });
  return [
    ...fans,
    ...(['bare', ...FACES] as const).map((contestant) => {
      const target = contestant === 'bare' ? undefined : IDLE_KB_MAX;
      return row('RSS an idle reader', 'kB', [IDLE_STEP, contestant, 'rssBytesEach'], { scale: 1e-3, target });
    }),
    ...STALLED_CONTESTANTS.flatMap((face) => [
      row('1,000 stalled readers, rate', 'x without', ['stalled', face, 'rateRatio'], { target: STALLED_RATE_MIN }),
      row('1,000 stalled readers, CPU a record', 'x without', ['stalled', face, 'cpuRatio']),
      row('  rate without', 'records/s', ['stalled', face, 'freePerS']),
    ]),
  ];
}

interface Reading {
  /** Divided by the same figure of that contestant. */
  readonly over?: Contestant;
  /** Without the same figure of that contestant. */
  readonly less?: Contestant;
  readonly scale?: number;
  readonly target?: Target | undefined;
}

function rowMaker(rounds: readonly Round[]) {
  return (
    name: string,
    unit: string,
    [step, contestant, figure]: readonly [step: string, contestant: Contestant, figure: string],
    { over, less, scale = 1, target }: Reading = {},
  ): Row => {
    const of = (round: Round, one: Contestant) => round[step]?.[one]?.[figure] ?? Number.NaN;
    const measured = spread(
      rounds.map((round) => {
        const value = of(round, contestant) - (less ? of(round, less) : 0);
        return (value * scale) / (over ? of(round, over) : 1);
      }),
    );
    return { name, contestant, unit, measured, target, isMet: isMet(measured, target) };
  };
}

function isMet(measured: Spread | undefined, target: Target | undefined): boolean | undefined {
  if (!measured || !target) return undefined;
  return target.kind === 'at most' ? measured.median <= target.value : measured.median >= target.value;
}
