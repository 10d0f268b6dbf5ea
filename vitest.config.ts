import { fileURLToPath, pathToFileURL } from 'node:url';
import { defineConfig } from 'vitest/config';

const sources = fileURLToPath(new URL('src', import.meta.url));

/** Where continuous integration wants the counts, as JSON. */
const report = process.env.GOLLAMA_TEST_REPORT;

/**
 * Threads run from compiled files, as `npm test` has built them: hundreds of stores are opened, and compiling four threads
 * for each would take longer than all the rest.
 */
const compiledThreads = {
  name: 'compiled-threads',
  transform(code: string, id: string) {
    if (!id.startsWith(`${sources}/`) || !/beside: import\.meta\.url/.test(code)) return undefined;
    const compiled = id.replace(sources, fileURLToPath(new URL('dist/src', import.meta.url))).replace(/\.ts$/, '.js');
    return code.replaceAll('beside: import.meta.url', `beside: ${JSON.stringify(pathToFileURL(compiled).href)}`);
  },
};

/** Whoever runs single tests while writing does not wait for a release: their processes are those of the checkout. */
const release = fileURLToPath(new URL('node_modules/.cache/gollama-release/bin/run.js', import.meta.url));
const isAll = process.env.npm_lifecycle_event === 'test';
if (isAll) process.env.GOLLAMA_TEST_RUN_JS = release;

export default defineConfig({
  plugins: [compiledThreads],
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/real/**'],
    globalSetup: isAll ? ['test/support/release-setup.ts'] : [],
    pool: 'forks',
    // Most tests wait for processes and sockets more than they compute.
    maxWorkers: 3,
    testTimeout: 20_000,
    hookTimeout: 20_000,
    disableConsoleIntercept: true,
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
  },
});
