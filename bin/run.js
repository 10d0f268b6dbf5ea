#!/usr/bin/env node
if (!process.getBuiltinModule) {
  console.error(`error: gollama needs Node.js 20.19 or newer, and this is ${process.version}`);
  process.exit(4);
}
// Not by an import, which would load all the parts that nobody needs here.
const { readFileSync, writeSync } = process.getBuiltinModule('node:fs');
const { dirname } = process.getBuiltinModule('node:path');

const root = dirname(import.meta.dirname);
const read = (name) => JSON.parse(readFileSync(`${root}/${name}`, 'utf8'));
const pjson = read('package.json');
const argv = process.argv.slice(2);
if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-v')) {
  // The version alone needs none of the program.
  writeSync(1, `${pjson.name}/${pjson.version} ${process.platform}-${process.arch} node-${process.version}\n`);
} else if (argv[0] === '__complete' && argv[2] === '--') {
  // A shell asks at every press of the tab key.
  const { completionText } = await import('../dist/src/cli/completion/answer.js');
  process.stdout.write(await completionText(argv.slice(1), read('oclif.manifest.json'), pjson));
  // Looking up a name may go on for seconds after it was given up.
  process.exit();
} else {
  const { flush, handle, run } = await import('../dist/src/cli/oclif.js');
  await run(await inOurSpelling(argv), { root, pjson })
    .then(() => flush())
    .catch(handle);
}

/** Of the old command line there is only `serve`, with or without that word. */
async function inOurSpelling(argv) {
  if (argv[0] !== 'serve' && !argv[0]?.startsWith('-')) return argv;
  const { translateReferenceArguments } = await import('../dist/src/cli/reference-arguments.js');
  return translateReferenceArguments(argv);
}
