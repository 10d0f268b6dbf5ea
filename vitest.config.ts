import { fileURLToPath, pathToFileURL } from 'node:url';
import { defineConfig } from 'vitest/config';

const sources = fileURLToPath(new URL('src', import.meta.url));

/** Where continuous integration wants the counts, as JSON. */
const report = process.env.GOLLAMA_TEST_REPORT;

/** Whoever runs single tests while writing does not wait for a release: their processes are those of the checkout. */
const isAll = process.env.npm_lifecycle_event === 'test';
const release = fileURLToPath(new URL('node_modules/.cache/gollama-release', import.meta.url));
if (isAll) process.env.GOLLAMA_TEST_RUN_JS = `${release}/bin/run.js`;

/**
 * Threads run from compiled files, those of the release or as `npm test` has built them: hundreds of stores are opened, and
 * compiling four threads for each would take longer than all the rest.
 */
const threads = isAll ? `${release}/dist/src` : fileURLToPath(new URL('dist/src', import.meta.url));
const compiledThreads = {
  name: 'compiled-threads',
  transform(code: string, id: string) {
    if (!id.startsWith(`${sources}/`) || !/beside: import\.meta\.url/.test(code)) return undefined;
    const compiled = id.replace(sources, threads).replace(/\.ts$/, '.js');
    return code.replaceAll('beside: import.meta.url', `beside: ${JSON.stringify(pathToFileURL(compiled).href)}`);
  },
};

/** One replaces a module, the other counts what a module holds. */
const alone = ['test/gateway/auth.test.ts', 'test/base/turn-batch.test.ts'];
/** The others share the modules that were loaded before them: to load them anew for each file costs as much as the tests. */
const shared = { include: ['test/**/*.test.ts'], exclude: ['test/real/**', ...alone], isolate: false };

export default defineConfig({
  plugins: [compiledThreads],
  test: {
    projects: [
      { extends: true, test: { name: 'shared', ...shared } },
      { extends: true, test: { name: 'alone', include: alone } },
    ],
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
