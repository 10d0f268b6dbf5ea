/** Which values a flag or an argument takes. Pure; it goes by the names and signs that the commands share. */
import { PRIORITIES } from '../../protocol/priority.js';
import type { KnownArgument, KnownCommand, KnownFlag } from './known-command.js';

export type ValueKind =
  | { readonly kind: 'words'; readonly words: readonly string[] /** Several, by comma. */; readonly isList?: boolean }
  | { readonly kind: 'tasks'; readonly statuses: readonly string[] }
  | {
      readonly kind: 'models' | 'sessions' | 'config-keys' | 'variables' | 'commands' | 'files' | 'folders' | 'nothing';
    };

const TASK_STATUSES = ['pending', 'running', 'completed', 'failed', 'cancelled'];
const TASK_TYPES = ['chat', 'generate', 'embed'];
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'];
const ALIVE = ['pending', 'running'];
const NOTHING = { kind: 'nothing' } as const;

/** Of what a task has to be that the command works on; without an entry, in any state. */
const STATUSES_OF: Readonly<Record<string, readonly string[]>> = {
  cancel: ALIVE,
  priority: ALIVE,
  retry: ['failed', 'cancelled'],
};

const FLAGS: Readonly<Record<string, ValueKind>> = {
  model: { kind: 'models' },
  resume: { kind: 'sessions' },
  'api-key-env': { kind: 'variables' },
  'log-level': { kind: 'words', words: LOG_LEVELS },
  priority: { kind: 'words', words: Object.keys(PRIORITIES) },
};

/** Where a flag of that name means something else than elsewhere. */
const FLAGS_OF: Readonly<Record<string, Readonly<Record<string, ValueKind>>>> = {
  list: {
    status: { kind: 'words', words: TASK_STATUSES, isList: true },
    type: { kind: 'words', words: TASK_TYPES, isList: true },
    priority: { kind: 'words', words: Object.keys(PRIORITIES), isList: true },
  },
  simulate: { model: { kind: 'files' } },
};

const ARGUMENTS: Readonly<Record<string, ValueKind>> = {
  level: { kind: 'words', words: Object.keys(PRIORITIES) },
  model: { kind: 'models' },
  file: { kind: 'files' },
  base: { kind: 'files' },
  head: { kind: 'files' },
};

export function flagValueKind(command: KnownCommand, flag: KnownFlag): ValueKind {
  if (flag.options) return { kind: 'words', words: flag.options };
  const sign = [flag.helpValue ?? ''].flat().join(' ');
  return FLAGS_OF[command.id]?.[flag.name] ?? fileKind(sign) ?? FLAGS[flag.name] ?? NOTHING;
}

export function argumentValueKind(command: KnownCommand, argument: KnownArgument): ValueKind {
  if (argument.options) return { kind: 'words', words: argument.options };
  if (command.id === 'help') return { kind: 'commands' };
  if (command.id.startsWith('config:') && argument.name === 'key') return { kind: 'config-keys' };
  if (argument.name === 'id') return { kind: 'tasks', statuses: STATUSES_OF[command.id] ?? [] };
  return ARGUMENTS[argument.name] ?? NOTHING;
}

function fileKind(sign: string): ValueKind | undefined {
  if (/^(FILE|PATH|IMAGE)/i.test(sign)) return { kind: 'files' };
  return /^DIR/i.test(sign) ? { kind: 'folders' } : undefined;
}
