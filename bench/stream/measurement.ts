/** What is measured, and the words between the processes that do it. */
import type { Contestant } from './steps.js';

/** By name; the unit ends the name. NaN where there is none. */
export type Figures = Readonly<Record<string, number>>;

export interface ServerSetup {
  readonly contestant: Contestant;
  readonly producers: number;
  /** Its own, empty. */
  readonly folder: string;
}

export interface Address {
  readonly port: number;
  /** One a producer. */
  readonly channels: readonly string[];
}

/** To the process of the server; each is answered with figures. */
export type ServerOrder =
  /** Memory, after a garbage collection. */
  | { readonly kind: 'rss' }
  /** Every producer writes at that rate. */
  | { readonly kind: 'pace'; readonly ratePerS: number; readonly seconds: number }
  /** Every producer writes so many records, one in each turn of the event loop. */
  | { readonly kind: 'burst'; readonly records: number }
  /** Writes to the first channel until those who follow it take nothing any more, but so many. */
  | { readonly kind: 'fill'; readonly alive: number }
  /** Writes to the first two channels in turn, as fast as it goes. */
  | { readonly kind: 'slices'; readonly seconds: number };

export interface ReaderGroup {
  readonly channel: string;
  readonly readers: number;
}

/** To the process of the readers; each is answered with figures. */
export type ReaderOrder =
  | {
      readonly kind: 'connect';
      readonly contestant: Contestant;
      readonly port: number;
      readonly groups: readonly ReaderGroup[];
    }
  /** The first so many take nothing any more. */
  | { readonly kind: 'stall'; readonly readers: number }
  /** Until all together have had so many records since the connect or the last time. */
  | { readonly kind: 'count'; readonly records: number };
