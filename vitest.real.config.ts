import { mergeConfig } from 'vitest/config';
import base from './vitest.config.js';

/** The tests against a real llama-server: they start it, wait for it and kill it, so they have the time for that. */
export default mergeConfig(
  { ...base, test: { ...base.test, projects: undefined, include: [], exclude: [] } },
  { test: { include: ['test/real/**/*.test.ts'], testTimeout: 90_000, hookTimeout: 180_000, fileParallelism: false } },
);
