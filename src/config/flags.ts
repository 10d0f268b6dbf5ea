/**
 * The flags of `gollama serve` that set configuration, described without any command-line library, and without the
 * schema, so that help costs no start-up time; a test keeps texts, variables and defaults equal to the schema.
 */

export interface ServeFlags {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  /** A .gguf file: one llama-server engine in place of the configured ones. */
  readonly model?: string | undefined;
  readonly llamaServer?: string | undefined;
  /** Base URLs: one openai engine each in place of the configured ones. */
  readonly upstream?: readonly string[] | undefined;
  /** An Ollama server in place of the configured engines. */
  readonly ollamaHost?: string | undefined;
  readonly dataDir?: string | undefined;
  readonly slots?: number | undefined;
  readonly logLevel?: string | undefined;
}

export interface FlagDescription {
  /** Without the dashes. */
  readonly name: string;
  readonly help: string;
  readonly value: string;
  /** The variable that sets the same; the loader reads it, the command line must not, or flags would hide it. */
  readonly env?: string;
  /** What holds without the flag, for the help text only. */
  readonly default?: string;
  /** The key that it overrides, where it is exactly one. */
  readonly key?: string;
  readonly integer?: { readonly min: number; readonly max?: number };
  readonly multiple?: boolean;
}

export const SERVE_FLAGS = {
  host: { name: 'host', value: 'HOST', help: 'host of server.addr' },
  port: {
    name: 'port',
    value: 'PORT',
    help: 'port of server.addr; 0 takes a free one',
    integer: { min: 0, max: 65_535 },
  },
  model: {
    name: 'model',
    value: 'FILE.gguf',
    help: 'run llama-server with this file instead of the configured engines',
  },
  llamaServer: {
    name: 'llama-server',
    value: 'PATH',
    help: 'executable of every llama-server engine',
    env: 'GOLLAMA_LLAMA_SERVER',
  },
  upstream: {
    name: 'upstream',
    value: 'URL',
    help: 'use this OpenAI-compatible server instead of the configured engines; repeatable',
    multiple: true,
  },
  ollamaHost: {
    name: 'ollama-host',
    value: 'URL',
    help: 'use this Ollama server instead of the configured engines',
  },
  dataDir: {
    name: 'data-dir',
    value: 'DIR',
    help: 'state of the server; unset: $XDG_STATE_HOME/gollama or ~/.local/state/gollama',
    env: 'GOLLAMA_DATA_DIR',
    key: 'data_dir',
  },
  slots: { name: 'slots', value: 'N', help: 'requests at once, for every engine', integer: { min: 1 } },
  logLevel: {
    name: 'log-level',
    value: 'LEVEL',
    help: 'trace, debug, info, warn, error or silent',
    env: 'GOLLAMA_LOGGER_LEVEL',
    default: 'info',
    key: 'logger.level',
  },
} as const satisfies Record<keyof ServeFlags, FlagDescription>;

/** The description with its variable and default, for a help text. */
export function flagHelp(flag: FlagDescription): string {
  const notes = [flag.env ? `$${flag.env}` : '', flag.default ? `default ${flag.default}` : ''].filter(Boolean);
  return notes.length === 0 ? flag.help : `${flag.help} (${notes.join(', ')})`;
}
