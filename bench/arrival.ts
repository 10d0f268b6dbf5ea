/** When requests are due in an open loop: a pure, seeded list of moments. */
import type { Random } from '../src/base/random.js';
import type { Load } from './plan.js';

type OpenLoad = Extract<Load, { kind: 'open' }>;

/**
 * Due times in ms since the start of the run, without end. During the ramp the rate grows linearly from 0 to `rate`: the
 * moments of the full rate are stretched so that the expected count up to time t is rate * t^2 / (2 * ramp).
 */
export function* dueTimes(load: OpenLoad, random: Random): Generator<number> {
  const meanGapMs = 1000 / load.rate;
  for (let atFullRateMs = 0; ; atFullRateMs += gapMs(load, meanGapMs, random)) {
    yield stretched(atFullRateMs, load.rampMs);
  }
}

function gapMs(load: OpenLoad, meanGapMs: number, random: Random): number {
  switch (load.arrival) {
    case 'constant':
      return meanGapMs;
    case 'poisson':
      return meanGapMs * exponential(random);
    case 'gamma':
      // Shape k and scale 1/k keep the mean gap whatever the burstiness.
      return (meanGapMs * gamma(load.burstiness, random)) / load.burstiness;
  }
}

/** Work that would be due at `atMs` at full rate, when the rate first has to grow. */
function stretched(atMs: number, rampMs: number): number {
  const rampWorkMs = rampMs / 2;
  return atMs >= rampWorkMs ? atMs + rampWorkMs : Math.sqrt(2 * rampMs * atMs);
}

function exponential(random: Random): number {
  return -Math.log(1 - random());
}

/** Marsaglia and Tsang, "A simple method for generating gamma variables" (2000); below shape 1 by their boost. */
function gamma(shape: number, random: Random): number {
  if (shape < 1) return gamma(shape + 1, random) * (1 - random()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal(random);
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    const u = 1 - random();
    if (Math.log(u) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** Box and Muller. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
