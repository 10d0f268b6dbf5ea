/** What completion has to know of the commands. The manifest of oclif has these shapes, so that no command is loaded. */

export interface KnownFlag {
  readonly name: string;
  readonly type: 'boolean' | 'option';
  readonly char?: string | undefined;
  readonly hidden?: boolean | undefined;
  readonly multiple?: boolean | undefined;
  readonly allowNo?: boolean | undefined;
  readonly options?: readonly string[] | undefined;
  readonly helpValue?: string | readonly string[] | undefined;
  readonly summary?: string | undefined;
  readonly description?: string | undefined;
  readonly exclusive?: readonly unknown[] | undefined;
}

export interface KnownArgument {
  readonly name: string;
  readonly hidden?: boolean | undefined;
  readonly options?: readonly string[] | undefined;
}

export interface KnownCommand {
  /** Words joined by colons. */
  readonly id: string;
  readonly aliases: readonly string[];
  readonly hidden: boolean;
  /** False: the last argument takes any number of words. */
  readonly strict?: boolean | undefined;
  readonly summary?: string | undefined;
  readonly description?: string | undefined;
  readonly flags: Readonly<Record<string, KnownFlag>>;
  readonly args: Readonly<Record<string, KnownArgument>>;
}

export interface KnownTopic {
  /** Words joined by colons. */
  readonly name: string;
  readonly description?: string | undefined;
  readonly hidden?: boolean | undefined;
}

/** Everything that can be typed. */
export interface Known {
  readonly commands: readonly KnownCommand[];
  readonly topics: readonly KnownTopic[];
}

/** The command under its name or one of its other names. */
export function commandNamed({ commands }: Known, words: readonly string[]): KnownCommand | undefined {
  const id = words.join(':');
  return commands.find((command) => command.id === id || command.aliases.includes(id));
}

/** Whether commands stand below these words. */
export function isTopic({ commands }: Known, words: readonly string[]): boolean {
  const start = `${words.join(':')}:`;
  return words.length === 0 || commands.some(({ id }) => id.startsWith(start));
}

/** A flag as it is typed: `--name`, `--no-name`, `-n`. */
export function flagTyped({ flags }: KnownCommand, typed: string): KnownFlag | undefined {
  return Object.values(flags).find(
    ({ name, char, allowNo }) =>
      typed === `--${name}` || (char !== undefined && typed === `-${char}`) || (allowNo && typed === `--no-${name}`),
  );
}
