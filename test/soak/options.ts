/** The command line of the soak test. */
import { parseArgs } from 'node:util';

export interface SoakOptions {
  /** Ends after so many requests … */
  readonly requests: number;
  /** … or, where it is set, after so long. Then answers are long streams. */
  readonly minutes: number | undefined;
  /** Clients at once; more than the engine has slots, so that the queue is used. */
  readonly clients: number;
  readonly slots: number;
  readonly seed: number;
  readonly json: boolean;
}

export const USAGE = `Usage: npm run soak -- [--requests 100000 | --minutes N] [--clients 24] [--slots 16] [--seed 1] [--json]
Sends a mix of JSON answers, streams and requests that are left through a gateway, and watches what it holds.
Exit code 0: it held no more at the end than after the warm-up. 1: it did, or a request failed.`;

export function readOptions(argv: readonly string[]): SoakOptions | 'help' {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...argv],
    options: {
      requests: { ...text, default: '100000' },
      minutes: text,
      clients: { ...text, default: '24' },
      slots: { ...text, default: '16' },
      seed: { ...text, default: '1' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  return {
    requests: positive('requests', values.requests),
    minutes: values.minutes === undefined ? undefined : positive('minutes', values.minutes),
    clients: positive('clients', values.clients),
    slots: positive('slots', values.slots),
    seed: positive('seed', values.seed),
    json: values.json,
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} needs a number above 0, not "${text}"`);
  return value;
}
