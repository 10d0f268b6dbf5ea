#!/usr/bin/env -S node --import tsx
// The same commands straight from the TypeScript sources, without a build.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { flush, handle, run, settings } from '@oclif/core';
import { translateReferenceArguments } from '../src/cli/reference-arguments.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const pjson = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));
pjson.oclif.commands.target = './commands';
pjson.oclif.helpClass = './src/cli/help.ts';
pjson.oclif.hooks = { command_not_found: './src/cli/command-not-found.ts' };
process.env.NODE_ENV ??= 'development';
settings.debug = true;
// oclif would look for a TypeScript compiler API that TypeScript 7 does not have, and fall back to a stale dist/.
settings.enableAutoTranspile = false;

await run(translateReferenceArguments(process.argv.slice(2)), { root, pjson, ignoreManifest: true })
  .then(() => flush())
  .catch(handle);
