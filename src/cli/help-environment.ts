/** Every variable that gollama reads, from where it is known: the flags, the keys of the configuration, and the few others. */
import { OLDER_NAMES } from '../config/environment.js';
import { SERVE_FLAGS } from '../config/flags.js';
import { leaves } from '../config/keys.js';

export interface Variable {
  readonly name: string;
  readonly meaning: string;
}

export interface VariableGroup {
  readonly title: string;
  readonly variables: readonly Variable[];
}

/** As oclif knows a command. */
export interface FlaggedCommand {
  readonly id: string;
  readonly flags: Readonly<
    Record<
      string,
      {
        readonly env?: string | undefined;
        readonly description?: string | undefined;
        readonly helpGroup?: string | undefined;
      }
    >
  >;
}

/** Those that neither a flag nor a key knows. */
const OTHERS: Readonly<Record<string, string>> = {
  GOLLAMA_API_KEY: 'the key for the server; --api-key-env names another variable',
  [SERVE_FLAGS.llamaServer.env]: SERVE_FLAGS.llamaServer.help,
  OLLAMA_HOST: 'the Ollama server, where the configuration has a section "ollama"',
  OLLAMA_TIMEOUT: 'its timeout, there',
  GOLLAMA_NOHISTORY: 'set: what is typed into gollama chat is not kept',
  VISUAL: 'the editor of /edit in gollama chat',
  EDITOR: 'the same, where $VISUAL is not set',
  XDG_CONFIG_HOME: 'folder of the configuration (default ~/.config)',
  XDG_STATE_HOME: 'folder of what the server keeps (default ~/.local/state)',
  PATH: 'where llama-server is looked for',
  NO_COLOR: 'set: no colours',
  FORCE_COLOR: 'set: colours also without a terminal; 0: none',
  TERM: '"dumb": no colours, and nothing that is drawn anew',
  DEBUG: 'set: where an internal error came from',
};

export function variableGroups(commands: readonly FlaggedCommand[]): VariableGroup[] {
  const keys = leaves().flatMap(({ path, field, env }) => (env ? [{ name: env, key: path.join('.'), field }] : []));
  const older = Object.entries(OLDER_NAMES).map(([key, name]) => ({ name, meaning: key }));
  const known = new Set(keys.map(({ name }) => name));
  const others = Object.entries(OTHERS).filter(([name]) => !known.has(name));
  return [
    { title: 'Flags', variables: flagVariables(commands) },
    {
      title: 'Keys of the configuration; lists are comma separated',
      variables: keys.map(({ name, key, field }) => ({ name, meaning: `${key}: ${field.help}` })),
    },
    { title: 'The same keys, as Ollama Queue calls them', variables: older },
    { title: 'Others', variables: others.map(([name, meaning]) => ({ name, meaning })) },
  ];
}

/** A flag of every command is told once. */
function flagVariables(commands: readonly FlaggedCommand[]): Variable[] {
  const found = new Map<string, string>();
  for (const { id, flags } of commands) {
    for (const [flag, { env, description = '', helpGroup }] of Object.entries(flags)) {
      if (env === undefined || found.has(env)) continue;
      const where = helpGroup === 'GLOBAL' ? '' : ` of ${id.replaceAll(':', ' ')}`;
      found.set(env, `--${flag}${where}: ${description}`);
    }
  }
  return [...found].map(([name, meaning]) => ({ name, meaning }));
}
