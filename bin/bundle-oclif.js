// Part of the build: puts oclif into the one compiled file that imports it. See src/cli/oclif.ts.
import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { leanOclif, rareParts } from './bundle/lean-packages.js';
import { root, usual, withCommonJsNames } from './bundle/settings.js';

const outfile = join(root, 'dist/src/cli/oclif.js');
const { outputFiles } = await build({ ...usual, entryPoints: ['src/cli/oclif.ts'], outfile, plugins: [leanOclif] });
for (const { path, text } of outputFiles) writeFileSync(path, withCommonJsNames(text));
for (const { path, text } of (await rareParts(dirname(outfile))).outputFiles) writeFileSync(path, text);
// Left over from packing.
rmSync(join(root, 'dist/chunks'), { recursive: true, force: true });
