/** The five profiles of the reference benchmark, under their names: concurrency, requests, tokens and prompt. */

export interface Profile {
  readonly concurrency: number;
  readonly requests: number;
  readonly maxTokens: number;
  readonly prompt: string;
}

const BRIEF = 'Introduce yourself briefly.';
const ARTICLE =
  'Write a detailed technical article about machine learning. Include key concepts, applications, and future trends.';

export const PROFILES = {
  single: { concurrency: 4, requests: 20, maxTokens: 128, prompt: BRIEF },
  'high-load': { concurrency: 8, requests: 50, maxTokens: 256, prompt: BRIEF },
  'long-text': { concurrency: 2, requests: 10, maxTokens: 512, prompt: ARTICLE },
  'low-latency': { concurrency: 10, requests: 50, maxTokens: 32, prompt: 'Hello' },
  stress: { concurrency: 16, requests: 100, maxTokens: 128, prompt: BRIEF },
} as const satisfies Record<string, Profile>;

export type ProfileName = keyof typeof PROFILES;

/** What the profiles say before the prompt. */
export const PROFILE_SYSTEM = 'You are helpful.';
