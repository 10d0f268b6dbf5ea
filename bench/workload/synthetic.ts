/** Made-up prompts of given lengths. One word is about one token for most tokenizers; what the server counts is reported. */
import { GollamaError } from '../../src/base/errors.js';
import { type Random, seededRandom } from '../../src/base/random.js';
import type { Workload } from './workload.js';

/** A length: normal around `mean`, never below 1. */
interface LengthSpread {
  readonly mean: number;
  readonly deviation: number;
}

export interface SyntheticSpec {
  readonly input: LengthSpread;
  readonly output: LengthSpread;
}

export interface SyntheticOptions extends SyntheticSpec {
  readonly seed: number;
  /** Words that every prompt begins with, for servers that share prefixes. */
  readonly prefixTokens: number;
}

const SYNTAX = 'in=MEAN[:DEVIATION],out=MEAN[:DEVIATION], for example in=512:64,out=128:0';

/** Common English words: short, and single tokens in most vocabularies. */
const WORDS = (
  'time year people way day man thing woman life child world school state family student group country problem hand part ' +
  'place case week company system program question work government number night point home water room mother area money ' +
  'story fact month lot right study book eye job word business issue side kind head house service friend father power hour'
).split(' ');

/** Throws `usage`. */
export function parseSynthetic(text: string): SyntheticSpec {
  const spreads = new Map<string, LengthSpread>();
  for (const part of text.split(',')) {
    const match = part.trim().match(/^(in|out)=(\d+)(?::(\d+))?$/);
    if (!match?.[1]) throw new GollamaError('usage', `"${part}" is no length: expected ${SYNTAX}`);
    spreads.set(match[1], { mean: Number(match[2]), deviation: Number(match[3] ?? 0) });
  }
  const input = spreads.get('in');
  const output = spreads.get('out');
  if (!input || !output || input.mean < 1 || output.mean < 1) {
    throw new GollamaError('usage', `--synthetic ${text}: both lengths are needed, at least 1: ${SYNTAX}`);
  }
  return { input, output };
}

export function syntheticWorkload(options: SyntheticOptions): Workload {
  const { input, output, prefixTokens, seed } = options;
  const prefix = words(prefixTokens, seededRandom(seed));
  return {
    source: `synthetic in=${spreadText(input)},out=${spreadText(output)}${prefixTokens > 0 ? `,prefix=${prefixTokens}` : ''}`,
    prompts: 'unique',
    item(index) {
      const random = seededRandom((seed * 0x9e3779b1 + (index + 1) * 0xc2b2ae35) >>> 0);
      const inputTokens = length(input, random);
      const own = words(Math.max(1, inputTokens - prefixTokens), random);
      const content = prefix === '' ? own : `${prefix} ${own}`;
      return { messages: [{ role: 'user', content }], maxTokens: length(output, random) };
    },
  };
}

function spreadText({ mean, deviation }: LengthSpread): string {
  return `${mean}:${deviation}`;
}

function length({ mean, deviation }: LengthSpread, random: Random): number {
  if (deviation === 0) return mean;
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.max(1, Math.round(mean + deviation * normal));
}

function words(count: number, random: Random): string {
  return Array.from({ length: count }, () => WORDS[Math.floor(random() * WORDS.length)]).join(' ');
}
