import { defineConfig } from 'vitest/config';

/** Where continuous integration wants the counts, as JSON. */
const report = process.env.GOLLAMA_TEST_REPORT;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/real/**'],
    pool: 'forks',
    testTimeout: 20_000,
    hookTimeout: 20_000,
    disableConsoleIntercept: true,
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
  },
});
