/** Intervals for shares: how many of so many succeeded. */
import { Z_95 } from './normal.js';

export interface Share {
  readonly count: number;
  readonly of: number;
}

export type Interval = readonly [number, number];

/**
 * 95 % score interval. E. B. Wilson, "Probable inference, the law of succession, and statistical inference" (1927). It stays
 * inside 0..1 and says something also where nothing or everything failed. Null of nothing.
 */
export function wilsonInterval({ count, of }: Share): Interval | null {
  if (of === 0) return null;
  const share = count / of;
  const z2 = Z_95 * Z_95;
  const centre = share + z2 / (2 * of);
  const reach = Z_95 * Math.sqrt((share * (1 - share)) / of + z2 / (4 * of * of));
  const scale = 1 + z2 / of;
  return [count === 0 ? 0 : (centre - reach) / scale, count === of ? 1 : (centre + reach) / scale];
}

/**
 * 95 % interval of the difference of two shares, `head` - `base`. R. G. Newcombe, "Interval estimation for the difference
 * between independent proportions" (1998), method 10: the two Wilson intervals, squared and added.
 */
export function newcombeInterval(head: Share, base: Share): Interval | null {
  const headInterval = wilsonInterval(head);
  const baseInterval = wilsonInterval(base);
  if (headInterval === null || baseInterval === null) return null;
  const headShare = head.count / head.of;
  const baseShare = base.count / base.of;
  const difference = headShare - baseShare;
  return [
    difference - Math.hypot(headShare - headInterval[0], baseInterval[1] - baseShare),
    difference + Math.hypot(headInterval[1] - headShare, baseShare - baseInterval[0]),
  ];
}
