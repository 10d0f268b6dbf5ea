/** The standard normal distribution, and Student's t. */
import type { Random } from '../../src/base/random.js';

/** Two-sided 95 %. */
export const Z_95 = 1.959963984540054;

/**
 * Probability of a value below `z`. Abramowitz and Stegun, "Handbook of mathematical functions" (1964), 7.1.26; off by less
 * than 1e-7.
 */
export function normalCdf(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const poly = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  const tail = (poly * Math.exp(-x * x)) / 2;
  return z < 0 ? tail : 1 - tail;
}

/** Box and Muller (1958). */
export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/**
 * The value that |t| exceeds with probability `twoSided`, for whole `degrees` of freedom. G. W. Hill, "Algorithm 396:
 * Student's t-quantiles", Communications of the ACM 13 (1970).
 */
export function studentQuantile(twoSided: number, degrees: number): number {
  if (degrees === 1) return 1 / Math.tan((twoSided * Math.PI) / 2);
  if (degrees === 2) return Math.sqrt(2 / (twoSided * (2 - twoSided)) - 2);
  const a = 1 / (degrees - 0.5);
  const b = 48 / (a * a);
  let c = ((20700 * a) / b - 98) * a * a - 16 * a + 96.36;
  const d = ((94.5 / (b + c) - 3) / b + 1) * Math.sqrt((a * Math.PI) / 2) * degrees;
  let x = d * twoSided;
  let y = x ** (2 / degrees);
  if (y > 0.05 + a) {
    x = -Math.abs(normalQuantile(twoSided / 2));
    y = x * x;
    if (degrees < 5) c += 0.3 * (degrees - 4.5) * (x + 0.6);
    c = (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b + c;
    y = (((((0.4 * y + 6.3) * y + 36) * y + 94.5) / c - y - 3) / b + 1) * x;
    y = Math.expm1(a * y * y);
  } else {
    const small = 1 / (((degrees + 6) / (degrees * y) - 0.089 * d - 0.822) * (degrees + 2) * 3) + 0.5 / (degrees + 4);
    y = ((small * y - 1) * (degrees + 1)) / (degrees + 2) + 1 / y;
  }
  return Math.sqrt(degrees * y);
}

/** The value below which the distribution has `probability`, found by halving: the CDF above is what limits it. */
function normalQuantile(probability: number): number {
  let low = -9;
  let high = 9;
  while (high - low > 1e-9) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
