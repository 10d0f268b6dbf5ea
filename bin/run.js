#!/usr/bin/env node
import { readFileSync } from 'node:fs';

const argv = process.argv.slice(2);
if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-v')) {
  // The version alone needs none of the program.
  const { name, version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  console.log(`${name}/${version} ${process.platform}-${process.arch} node-${process.version}`);
} else {
  const [{ flush, handle, run }, { translateReferenceArguments }] = await Promise.all([
    import('../dist/src/cli/oclif.js'),
    import('../dist/src/cli/reference-arguments.js'),
  ]);
  await run(translateReferenceArguments(argv), import.meta.url)
    .then(() => flush())
    .catch(handle);
}
