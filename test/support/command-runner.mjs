/**
 * Runs compiled commands, one after the other in one process: starting a process costs more than most of them. What a command
 * writes goes to its own result; what gets past that is seen on the streams of this process, which have to stay empty.
 *
 * Arguments: the root of the repository, a file with runs (JSON: `[{name, args, env}]`), a file for the results (a line each).
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';

const [root = '', runsFile = '', resultsFile = ''] = process.argv.slice(2);
const moduleOf = (path) => import(pathToFileURL(`${root}/${path}`).href);
const { run } = await moduleOf('dist/src/cli/oclif.js');
const { translateReferenceArguments } = await moduleOf('dist/src/cli/reference-arguments.js');

const pjson = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));
const usual = { ...process.env };
// A command that starts another one asks for the program that it is.
process.argv[1] = `${root}/bin/run.js`;

for (const { name, args, env } of JSON.parse(readFileSync(runsFile, 'utf8'))) {
  appendFileSync(resultsFile, `${JSON.stringify({ begun: name })}\n`);
  appendFileSync(resultsFile, `${JSON.stringify({ name, ...(await outcomeOf(args, env)) })}\n`);
}

async function outcomeOf(args, env) {
  for (const name of Object.keys(process.env)) if (!(name in usual)) delete process.env[name];
  Object.assign(process.env, usual, env);
  process.exitCode = undefined;
  Object.defineProperty(process, 'stdin', { value: Readable.from([]), configurable: true });
  const [stdout, stderr] = [capture(process.stdout), capture(process.stderr)];
  let leaked;
  try {
    await run(translateReferenceArguments(args), { root, pjson });
  } catch (thrown) {
    // `this.exit()` of a command.
    if (thrown?.code === 'EEXIT') process.exitCode = thrown.oclif.exit;
    else leaked = String(thrown?.stack ?? thrown);
  }
  const code = process.exitCode ?? 0;
  process.exitCode = undefined;
  return { code, stdout: stdout(), stderr: stderr(), ...(leaked && { leaked }) };
}

function capture(stream) {
  const write = stream.write;
  let text = '';
  stream.write = (chunk, encoding, callback) => {
    text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    const done = typeof encoding === 'function' ? encoding : callback;
    if (done) process.nextTick(done);
    return true;
  };
  return () => {
    stream.write = write;
    return text;
  };
}
