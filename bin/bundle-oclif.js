// Part of the build: puts oclif into the one compiled file that imports it. See src/cli/oclif.ts.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const file = fileURLToPath(new URL('../dist/src/cli/oclif.js', import.meta.url));

await build({
  entryPoints: [file],
  outfile: file,
  allowOverwrite: true,
  bundle: true,
  minify: true,
  keepNames: true,
  platform: 'node',
  target: 'node20.19',
  format: 'esm',
  // What oclif looks for only in development.
  external: ['tsx', 'tsx/*', 'ts-node', 'typescript', 'pnpapi'],
  // oclif is CommonJS: inside of a module it lacks what CommonJS files find around them.
  banner: {
    js: [
      "import { createRequire as createRequireHere } from 'node:module';",
      "import { dirname as dirnameOf } from 'node:path';",
      "import { fileURLToPath as pathOf } from 'node:url';",
      'const require = createRequireHere(import.meta.url);',
      'const __filename = pathOf(import.meta.url);',
      'const __dirname = dirnameOf(__filename);',
    ].join('\n'),
  },
});
