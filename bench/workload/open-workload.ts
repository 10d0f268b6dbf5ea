/** The workload that the flags ask for. */
import { GollamaError } from '../../src/base/errors.js';
import { PROFILE_SYSTEM, type Profile } from '../profiles.js';
import { readDataset, readText } from './dataset.js';
import { promptsWorkload } from './prompts.js';
import { parseSynthetic, syntheticWorkload } from './synthetic.js';
import type { Workload } from './workload.js';
import { type KeptWorkload, parseWorkload } from './workload-file.js';

export interface WorkloadFlags {
  readonly prompt?: string | undefined;
  readonly 'prompt-file'?: string | undefined;
  readonly dataset?: string | undefined;
  readonly synthetic?: string | undefined;
  readonly 'prefix-tokens'?: number | undefined;
  readonly workload?: string | undefined;
  /** Undefined: unique, but for the reference profiles, which repeat. */
  readonly unique?: boolean | undefined;
}

export interface WorkloadSettings {
  readonly maxTokens: number;
  readonly seed: number;
  readonly profile: Profile | undefined;
}

const SOURCES = ['prompt', 'prompt-file', 'dataset', 'synthetic', 'workload'] as const;
const DEFAULT_PROMPT = 'Introduce yourself briefly.';

/** Throws `usage`. */
export async function openWorkload(flags: WorkloadFlags, settings: WorkloadSettings): Promise<Workload | KeptWorkload> {
  const named = SOURCES.filter((source) => flags[source] !== undefined);
  if (named.length > 1) throw new GollamaError('usage', `--${named.join(' and --')} exclude each other`);
  if (flags['prefix-tokens'] !== undefined && flags.synthetic === undefined) {
    throw new GollamaError('usage', '--prefix-tokens needs --synthetic');
  }
  const { maxTokens, seed, profile } = settings;
  if (flags.workload !== undefined) return parseWorkload(await readText(flags.workload), flags.workload);
  if (flags.synthetic !== undefined) {
    return syntheticWorkload({ ...parseSynthetic(flags.synthetic), seed, prefixTokens: flags['prefix-tokens'] ?? 0 });
  }
  if (flags.dataset !== undefined) {
    const dataset = await readDataset(flags.dataset);
    return promptsWorkload({ ...dataset, maxTokens, unique: flags.unique ?? false, once: false, seed });
  }
  const prompt = flags.prompt ?? (await promptOfFile(flags['prompt-file'])) ?? profile?.prompt ?? DEFAULT_PROMPT;
  const system = profile === undefined ? [] : [{ role: 'system', content: PROFILE_SYSTEM }];
  return promptsWorkload({
    source: 'prompt',
    conversations: [{ messages: [...system, { role: 'user', content: prompt }] }],
    maxTokens,
    unique: flags.unique ?? profile === undefined,
    once: false,
    seed,
  });
}

async function promptOfFile(file: string | undefined): Promise<string | undefined> {
  return file === undefined ? undefined : (await readText(file)).trim();
}
