/** What may stand at a place of the command line, for made-up commands and values. */
import { describe, expect, it } from 'vitest';
import type { Known, KnownCommand } from '../../src/cli/completion/known-command.js';
import { type LiveValues, offerFor } from '../../src/cli/completion/offer.js';
import { unquoted } from '../../src/cli/completion/shell-words.js';

function command(id: string, more: Partial<KnownCommand> = {}): KnownCommand {
  return { id, aliases: [], hidden: false, summary: `about ${id}`, flags: {}, args: {}, ...more };
}

const JSON_FLAG = { json: { name: 'json', type: 'boolean', description: 'as JSON' } } as const;

const KNOWN: Known = {
  commands: [
    command('status', {
      args: { id: { name: 'id' } },
      flags: {
        ...JSON_FLAG,
        server: { name: 'server', type: 'option', helpValue: 'URL' },
        config: { name: 'config', type: 'option', helpValue: 'FILE' },
        output: { name: 'output', type: 'option', options: ['table', 'json'] },
        verbose: { name: 'verbose', type: 'boolean', char: 'v', hidden: true },
      },
    }),
    command('cancel', { strict: false, args: { id: { name: 'id' } } }),
    command('retry', { strict: false, args: { id: { name: 'id' } } }),
    command('priority', { args: { id: { name: 'id' }, level: { name: 'level' } } }),
    command('list', {
      aliases: ['ls'],
      flags: {
        status: { name: 'status', type: 'option', multiple: true, helpValue: 'WORD,...' },
        since: { name: 'since', type: 'option' },
      },
    }),
    command('bench', {
      args: { url: { name: 'url' } },
      flags: {
        model: { name: 'model', type: 'option', char: 'm' },
        calibrate: { name: 'calibrate', type: 'boolean', allowNo: true },
        quiet: { name: 'quiet', type: 'boolean', exclusive: ['calibrate'] },
        'data-dir': { name: 'data-dir', type: 'option', helpValue: 'DIR' },
        'api-key-env': { name: 'api-key-env', type: 'option', helpValue: 'NAME' },
      },
    }),
    command('bench:compare', { args: { base: { name: 'base' }, head: { name: 'head' } } }),
    command('config:set', { args: { key: { name: 'key' }, value: { name: 'value' } } }),
    command('chat', {
      args: { prompt: { name: 'prompt' } },
      flags: { resume: { name: 'resume', type: 'option', char: 'r', helpValue: 'ID' } },
    }),
    command('help', { strict: false, args: { topic: { name: 'topic' } } }),
    command('__secret', { hidden: true }),
  ],
  topics: [{ name: 'config', description: 'the configuration' }],
};

const named = (...values: string[]) => values.map((value) => ({ value, description: '' }));

const LIVE: LiveValues = {
  models: async () => named('qwen3:0.6b', 'nomic'),
  tasks: async (statuses) => named('01-a', '01-b', `01-${statuses.join('+') || 'any'}`),
  sessions: async () => named('s-7k2'),
  configKeys: async () => named('server.addr', 'queue.max_waiting'),
  helpTopics: async () => named('exit-codes'),
  variables: () => named('MY_KEY'),
};

/** The words of `line`, the last one being that of the cursor. */
async function offered(line: string) {
  const { candidates, paths } = await offerFor(line.split(' '), KNOWN, LIVE);
  return { paths, values: candidates.map(({ value }) => value) };
}
const values = async (line: string) => (await offered(line)).values;

describe('at the beginning', () => {
  it('commands and topics are offered, without hidden ones', async () => {
    const all = ['config', 'status', 'cancel', 'retry', 'priority', 'list', 'ls', 'bench', 'chat', 'help'];
    expect(await values('')).toEqual(all);
  });

  it('only what begins as the word does is offered, with its description', async () => {
    expect((await offerFor(['sta'], KNOWN, LIVE)).candidates).toEqual([
      { value: 'status', description: 'about status' },
    ]);
    expect((await offerFor(['con'], KNOWN, LIVE)).candidates).toEqual([
      { value: 'config', description: 'the configuration' },
    ]);
  });

  it('a topic is followed by its commands, and an unknown word by nothing', async () => {
    expect(await values('config ')).toEqual(['set']);
    expect(await values('frobnicate ')).toEqual([]);
    expect(await values('config frobnicate s')).toEqual([]);
  });

  it('a command that is a topic too is followed by the commands below it', async () => {
    expect(await values('bench co')).toEqual(['compare']);
    expect(await values('bench http://x co')).toEqual([]);
  });

  it('help and the version are offered as flags', async () => {
    expect(await values('-')).toEqual(['--help', '--version']);
    expect(await values('config --')).toEqual(['--help']);
  });

  it('help is followed by commands and topics', async () => {
    expect(await values('help st')).toEqual(['status']);
    expect(await values('help ex')).toEqual(['exit-codes']);
    expect(await values('help config ')).toEqual(['set']);
  });
});

describe('flags', () => {
  it('are those of the command, without hidden ones and those that are there', async () => {
    expect(await values('status --')).toEqual(['--json', '--server', '--config', '--output', '--help']);
    expect(await values('status --json --s')).toEqual(['--server']);
    expect(await values('status --server=x --s')).toEqual([]);
    expect(await values('ls --st')).toEqual(['--status']);
  });

  it('are offered again where they may be there more than once', async () => {
    expect(await values('list --status failed --since 1d --s')).toEqual(['--status']);
  });

  it('are told with their opposite, and not beside what excludes them', async () => {
    expect(await values('bench --')).toEqual(expect.arrayContaining(['--calibrate', '--no-calibrate', '--quiet']));
    expect(await values('bench --no-calibrate --')).not.toContain('--quiet');
    expect(await values('bench --quiet --')).not.toContain('--calibrate');
  });

  it('are none where a word has to stand', async () => {
    expect(await values('status -- --')).toEqual([]);
    expect(await values('status ')).not.toContain('--json');
  });

  it('in their short form are complete', async () => {
    expect(await values('bench -m')).toEqual(['-m']);
  });
});

describe('the value of a flag', () => {
  it.each([
    ['status --output ', ['table', 'json']],
    ['status --output=t', ['--output=table']],
    ['list --status ', ['pending', 'running', 'completed', 'failed', 'cancelled']],
    ['list --status failed,c', ['failed,completed', 'failed,cancelled']],
    ['list --status=failed,f', []],
    ['bench -m q', ['qwen3:0.6b']],
    ['bench --model=', ['--model=qwen3:0.6b', '--model=nomic']],
    ['chat -r ', ['s-7k2']],
    ['bench --api-key-env ', ['MY_KEY']],
    ['status --server ', []],
    ['list --since -', []],
  ])('is one of those there are: %s', async (line, expected) => {
    expect(await offered(line)).toEqual({ values: expected, paths: 'none' });
  });

  it.each([
    ['status --config ', 'files'],
    ['status --config=./go', 'files'],
    ['bench --data-dir ', 'folders'],
    ['bench compare ', 'files'],
    ['bench compare a.json b', 'files'],
    ['bench compare a.json b.json ', 'none'],
  ])('is left to the shell where it is a path: %s', async (line, paths) => {
    expect(await offered(line)).toEqual({ values: [], paths });
  });
});

describe('an argument', () => {
  it.each([
    ['status 01-', ['01-a', '01-b', '01-any']],
    ['status 01-a ', []],
    ['cancel 01-a 01', ['01-b', '01-pending+running']],
    ['retry ', ['01-a', '01-b', '01-failed+cancelled']],
    ['priority 01-a ', ['low', 'normal', 'high', 'critical']],
    ['priority -- 01-a h', ['high']],
    ['config set s', ['server.addr']],
    ['config set server.addr ', []],
    ['chat he', []],
  ])('is one of those there are: %s', async (line, expected) => {
    expect(await values(line)).toEqual(expected);
  });
});

describe('a description', () => {
  it('is one line, and no value carries a tab or a line break', async () => {
    const known = { topics: [], commands: [command('a', { summary: 'one\ttab\nand more' })] };
    expect((await offerFor([''], known, LIVE)).candidates).toEqual([{ value: 'a', description: 'one tab' }]);
    const live = { ...LIVE, models: async () => named('a\tb', 'c\nd', 'good') };
    expect((await offerFor(['bench', '-m', ''], KNOWN, live)).candidates).toEqual(named('good'));
  });
});

describe('a word with quotes', () => {
  it.each([
    ['plain', 'plain'],
    ['"two words"', 'two words'],
    ["'it'\\''s'", "it's"],
    ['"open qu', 'open qu'],
    ['a\\ b', 'a b'],
    ['"a\\"b\\n"', 'a"b\\n'],
    ["'a\\b'", 'a\\b'],
    ['end\\', 'end\\'],
  ])('means what a shell takes it for: %s', (word, text) => {
    expect(unquoted(word)).toBe(text);
  });
});
