/** The pages of `gollama help TOPIC`. What they tell is generated from where the program itself has it. */
import type { FlaggedCommand } from './help-environment.js';

export interface HelpTopic {
  readonly summary: string;
  /** As lines for a terminal of that width. */
  lines(source: HelpSource): Promise<readonly string[]>;
  /** The same for programs. */
  data(source: HelpSource): Promise<object>;
}

export interface HelpSource {
  readonly commands: readonly FlaggedCommand[];
  readonly width: number;
  /** Where a configuration file is looked for, in order. */
  readonly places: readonly string[];
}

const PRECEDENCE = 'Flags go before variables, variables before the file, the file before defaults.';

export const HELP_TOPICS: Readonly<Record<string, HelpTopic>> = {
  config: {
    summary: 'Where the configuration comes from, and every key of it',
    lines: configLines,
    data: async ({ places }) => ({ places, keys: (await keys()).flatMap((group) => group.keys) }),
  },
  environment: {
    summary: 'Every variable that is read',
    lines: environmentLines,
    data: async ({ commands }) => ({ variables: (await variables(commands)).flatMap((group) => group.variables) }),
  },
  'exit-codes': {
    summary: 'What the exit codes mean',
    lines: exitCodeLines,
    data: async () => ({ exitCodes: await codes() }),
  },
};

async function exitCodeLines({ width }: HelpSource): Promise<string[]> {
  const rows = (await codes()).map(({ exitCode, meaning, errors }) => [String(exitCode), meaning, errors.join(' ')]);
  return [
    'Every command ends with one of these. With --json, a failure is an object on',
    'stdout, {"error":{"code","message","hint","exitCode"}}; error.code is one of the',
    'words on the right.',
    '',
    ...(await columns(rows, width, [4, 41])),
  ];
}

async function environmentLines({ commands, width }: HelpSource): Promise<string[]> {
  const groups = await variables(commands);
  const nameWidth = Math.max(...groups.flatMap((group) => group.variables.map(({ name }) => name.length)));
  const parts = groups.map(async (group) => {
    const rows = group.variables.map(({ name, meaning }) => [name, meaning]);
    return ['', group.title, ...(await columns(rows, width, [nameWidth]))];
  });
  return [PRECEDENCE, ...(await Promise.all(parts)).flat()];
}

async function configLines({ places, width }: HelpSource): Promise<string[]> {
  const groups = await keys();
  const keyWidth = Math.max(...groups.flatMap((group) => group.keys.map(({ key }) => key.length)));
  const parts = groups.map(async (group) => {
    const rows = group.keys.map(({ key, default: byDefault, help }) => [
      key,
      byDefault === null ? help : `${help} (default ${byDefault})`,
    ]);
    return ['', group.title, ...(await columns(rows, width, [keyWidth]))];
  });
  return [
    'The file is the one that --config or $GOLLAMA_CONFIG names, or the first of',
    'these that exists:',
    ...places.map((place) => `  ${place}`),
    PRECEDENCE,
    'Durations are written as in Go (300ms, 1m30s), sizes as 32MiB. Keys may be',
    'spelt as in the older programs.',
    '',
    '  gollama config init              a file to start from, every key explained',
    '  gollama config set KEY VALUE     change one key, comments stay',
    '  gollama config check             what is wrong with the file, and where',
    '  gollama config show --origin     what holds, and where it comes from',
    '  gollama config path              which file is used',
    ...(await Promise.all(parts)).flat(),
  ];
}

async function codes() {
  return (await import('./help-exit-codes.js')).exitCodes();
}

async function variables(commands: readonly FlaggedCommand[]) {
  return (await import('./help-environment.js')).variableGroups(commands);
}

async function keys() {
  return (await import('./help-config.js')).keyGroups();
}

const INDENT = 2;
const GAP = 2;
const LAST_WIDTH_MIN = 24;

/** The last column takes what is left of the width. */
async function columns(rows: readonly (readonly string[])[], width: number, widths: readonly number[]) {
  const { alignColumns } = await import('../base/text-columns.js');
  const taken = widths.reduce((sum, one) => sum + one + GAP, INDENT);
  const last = { width: Math.max(LAST_WIDTH_MIN, width - taken) };
  return alignColumns(rows, [...widths.map((one) => ({ width: one })), last], { indent: INDENT, gap: GAP });
}
