/**
 * Every command there is, as oclif lists them, so that none can be forgotten: with `--json`, on pipes, in a clean home, with
 * a server and without one. A new command runs here with sample words for what it requires.
 */
import { Plugin } from '@oclif/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client } from '../../src/client/client.js';
import { findFreePort } from '../../src/engine/supervisor/port.js';
import { type CommandOutcome, type CommandRun, runCommands } from '../support/command-runs.js';
import { endAll } from '../support/ending.js';
import { GollamaProcess, ROOT } from '../support/gollama-process.js';
import { makePlace } from '../support/place.js';

interface Argument {
  readonly name: string;
  readonly required?: boolean;
  readonly options?: readonly string[];
}

interface KnownCommand {
  readonly id: string;
  readonly examples?: readonly unknown[];
  readonly args: Readonly<Record<string, Argument>>;
  readonly flags: Readonly<Record<string, Argument & { readonly type: string }>>;
}

/** They run until a signal ends them, so each gets a process. */
const SERVERS: Readonly<Record<string, readonly string[]>> = {
  serve: ['--port', '0', '--log-level', 'info'],
  simulate: ['--port', '0'],
  'bench:mock': ['--port', '0'],
};

/** Words beside those that a command requires: what makes it short, or do something at all. */
const MORE: Readonly<Record<string, readonly string[]>> = {
  serve: ['--check'],
  bench: ['--engine', 'sim', '-n', '2', '--warmup', '0', '--max-tokens', '2', '--no-calibrate'],
  'bench:calibrate': ['--duration', '1', '--concurrency', '1'],
  'config:set': ['100'],
  'submit:embed': ['--input', 'text'],
  'submit:chat': ['hi'],
  'submit:generate': ['hi'],
  chat: ['hi'],
  __complete: ['--', 'sta'],
};

/** They ask no server, so that one run tells all. */
const ASKS_NOBODY = /^(bench|config|completion|serve|help)(:|$)/;

/** Their parser takes what it does not know: a llama-server's options, and words of a command line. */
const TAKES_ANY_FLAG = new Set(['simulate']);

const commands = await listCommands();
let outcomes: ReadonlyMap<string, CommandOutcome>;

async function listCommands(): Promise<readonly KnownCommand[]> {
  const plugin = new Plugin({ root: ROOT, type: 'core', ignoreManifest: true, respectNoCacheDefault: true });
  await plugin.load();
  return Object.values(plugin.manifest.commands) as readonly KnownCommand[];
}

interface World {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  /** Of arguments and required flags, by name; under `command name` that of one command. */
  readonly samples: Readonly<Record<string, string>>;
}

function wordsFor({ id, args, flags }: KnownCommand, { samples }: World): readonly string[] {
  const sample = ({ name, options }: Argument) => options?.[0] ?? samples[`${id} ${name}`] ?? samples[name] ?? 'sample';
  const required = Object.values(args).filter((argument) => argument.required);
  const needed = Object.values(flags).filter((flag) => flag.required && flag.type === 'option');
  return [
    ...id.split(':'),
    ...required.map(sample),
    ...needed.flatMap((flag) => [`--${flag.name}`, sample(flag)]),
    ...(MORE[id] ?? []),
  ];
}

/** `--json` stands before a `--`, behind which it would be a word. */
function withJson(words: readonly string[]): readonly string[] {
  const dashes = words.indexOf('--');
  return dashes < 0 ? [...words, '--json'] : [...words.slice(0, dashes), '--json', ...words.slice(dashes)];
}

function runsIn(world: World): readonly CommandRun[] {
  const { env, name: where } = world;
  return commands
    .filter(({ id }) => (MORE[id] || !SERVERS[id]) && (where === 'no server' || !ASKS_NOBODY.test(id)))
    .flatMap((command) => {
      const words = wordsFor(command, world);
      return [
        { name: `${command.id} with ${where}, as text`, args: words, env },
        { name: `${command.id} with ${where}, as JSON`, args: withJson(words), env },
      ];
    });
}

const MISTAKES: readonly CommandRun[] = [
  ...commands
    .filter(({ id }) => !TAKES_ANY_FLAG.has(id))
    .map(({ id }) => ({ name: `${id} with an unknown flag`, args: [...id.split(':'), '--no-such-flag', '--json'] })),
  ...[['frobnicate'], ['config', 'frobnicate'], ['statsu', 'x'], ['list', 'extra'], ['status', 'one', 'two']].map(
    (words) => ({ name: `wrong words: ${words.join(' ')}`, args: [...words, '--json'] }),
  ),
  { name: 'wrong words: --json first', args: ['--json', 'frobnicate'] },
];

const HELP: readonly CommandRun[] = commands.map(({ id }) => ({
  name: `${id} --help`,
  args: [...id.split(':'), '--help'],
}));

/** They are lines of JSON, one object each, a failure too. */
function streams(id: string, server: World): readonly CommandRun[] {
  return [
    { name: 'stream: a task', args: ['status', id, '--watch', '--json'], env: server.env },
    { name: 'stream: no such task', args: ['status', 'none', '--watch', '--json'], env: server.env },
  ];
}

beforeAll(async () => {
  const place = makePlace();
  const tasks = place.write('tasks.jsonl', '{"type":"generate","model":"sim","prompt":"p"}\n');
  const base = { model: 'sim', level: 'high', key: 'queue.max_waiting', file: tasks };
  const server = await GollamaProcess.serve([], { place });
  const url = await server.ready();
  const client = new Client(url);
  const task = { type: 'generate', model: 'sim', payload: { prompt: 'p' }, options: { num_predict: 1 } } as const;
  const id = await client.submitTask(task);
  const [waiting, dropped] = await client.submitBatch([
    { ...task, delay: '1h' },
    { ...task, delay: '1h' },
  ]);
  await client.waitForTask(id);
  const ids = { id, 'priority id': `${waiting}`, 'cancel id': `${dropped}`, 'retry id': `${dropped}` };
  const none: World = {
    name: 'no server',
    env: { GOLLAMA_URL: `127.0.0.1:${await findFreePort()}` },
    samples: { ...base, id: '01-none' },
  };
  const one: World = { name: 'a server', env: { GOLLAMA_URL: url }, samples: { ...base, ...ids } };
  const report = place.write('bench.json', '');
  const bench = ['bench', ...(MORE.bench ?? []), '--json', report];
  const ofBench: World = { ...none, samples: { file: report, base: report, head: report } };
  const isOfBench = (run: CommandRun) => /^bench:(report|compare)/.test(run.name);
  const all = [
    { name: 'a report', args: bench },
    ...runsIn(ofBench).filter(isOfBench),
    ...runsIn(none).filter((run) => !isOfBench(run)),
    ...runsIn(one),
    ...MISTAKES,
    ...HELP,
    ...streams(id, one),
  ];
  outcomes = await runCommands(all, place, { TERM: 'xterm-256color' });
}, 90_000);

afterAll(endAll);

function outcomeOf(name: string): CommandOutcome {
  const outcome = outcomes.get(name);
  if (!outcome) throw new Error(`there was no run: ${name}`);
  return outcome;
}

function expectDocument(text: string): { readonly error?: { readonly exitCode: number } } {
  const document = JSON.parse(text);
  expect(document).toMatchObject({ schemaVersion: 1 });
  return document;
}

describe('with --json', () => {
  it('every command prints one document with its version, with and without a server, and ends as the document says', () => {
    const wrong: string[] = [];
    for (const [name, { stdout, code }] of outcomes) {
      if (!name.endsWith('as JSON')) continue;
      try {
        expect(expectDocument(stdout).error?.exitCode ?? code).toBe(code);
      } catch (error) {
        wrong.push(`${name} (exit code ${code}): ${(error as Error).message}\n${stdout}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('a failure is told on stdout alone', () => {
    const failed = [...outcomes.values()].filter(({ name, code }) => name.endsWith('as JSON') && code !== 0);
    expect(failed.length).toBeGreaterThan(5);
    expect(failed.filter(({ stderr }) => /^error:/m.test(stderr)).map(({ name }) => name)).toEqual([]);
  });

  it('every command works where a server is', () => {
    const failed = [...outcomes.values()].filter(({ name, code }) => name.endsWith('a server, as text') && code !== 0);
    // What it finds wrong with the machine is true.
    expect(failed.filter(({ name }) => !name.startsWith('doctor '))).toEqual([]);
    expect(outcomeOf('a report').code).toBe(0);
  });

  it.each(['status', 'list', 'attach', 'submit:chat', 'priority'])('%s without a server ends with 3', (id) => {
    const { code, stdout } = outcomeOf(`${id} with no server, as JSON`);
    expect([code, JSON.parse(stdout)]).toEqual([
      3,
      { schemaVersion: 1, error: expect.objectContaining({ code: 'unreachable', exitCode: 3 }) },
    ]);
  });

  it.each(MISTAKES.map(({ name }) => name))('a mistake is one document too: %s', (name) => {
    const { code, stdout, stderr } = outcomeOf(name);
    expect([2, 127]).toContain(code);
    expect(JSON.parse(stdout)).toEqual({
      schemaVersion: 1,
      error: { code: 'usage', message: expect.any(String), hint: expect.any(String), exitCode: code },
    });
    expect(stderr).toBe('');
  });

  it('a stream is a document on each line, a failure too', () => {
    const lines = (name: string) => outcomeOf(name).stdout.trimEnd().split('\n');
    expect([outcomeOf('stream: a task').code, outcomeOf('stream: no such task').code]).toEqual([0, 5]);
    expect(lines('stream: a task').map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ schemaVersion: 1, status: 'completed' }),
    ]);
    expect(lines('stream: no such task').map((line) => JSON.parse(line))).toEqual([
      { schemaVersion: 1, error: expect.objectContaining({ code: 'not_found', exitCode: 5 }) },
    ]);
  });

  it.each(Object.entries(SERVERS))('%s prints one document when a signal ends it', async (id, words) => {
    const place = makePlace();
    const started = GollamaProcess.start([...id.split(':'), ...words, '--json'], {
      place,
      env: { XDG_STATE_HOME: place.dataDir, TERM: 'xterm-256color', NO_COLOR: undefined },
    });
    await started.saying('listening');
    const { code } = await started.stop();
    expect(code).toBe(0);
    expectDocument(started.stdout);
    expect(started.told()).not.toContain('\u001b');
  });
});

describe('on a pipe', () => {
  it('no command writes an escape code, neither on stdout nor on stderr', () => {
    const found = [...outcomes.values()].filter(({ stdout, stderr }) => `${stdout}${stderr}`.includes('\u001b'));
    expect(found).toEqual([]);
  });

  it('no command throws past its own words', () => {
    expect([...outcomes.values()].filter(({ leaked }) => leaked !== undefined)).toEqual([]);
  });

  it('every failure says what is wrong', () => {
    const bad = [...outcomes.values()].filter(
      ({ name, code, stderr, stdout }) =>
        name.endsWith('as text') &&
        code !== 0 &&
        !/^(error|fail|Failed to| INCONCLUSIVE)\b/m.test(`${stderr}\n${stdout}`),
    );
    expect(bad).toEqual([]);
  });
});

describe('the help of every command', () => {
  it('shows two examples or more', () => {
    const few = commands.filter(({ examples }) => (examples ?? []).length < 2).map(({ id }) => id);
    expect(few).toEqual([]);
    // The help of help is that of the whole program.
    for (const { id } of commands.filter((command) => command.id !== 'help')) {
      const { code, stdout } = outcomeOf(`${id} --help`);
      expect([id, code, stdout.includes('EXAMPLES')]).toEqual([id, 0, true]);
    }
  });
});
