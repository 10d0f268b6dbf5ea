/**
 * The flags of every command, as text beside this file: scripts depend on them, so none changes unnoticed. Where a change is
 * meant, `npx vitest run test/cli/flag-snapshot.test.ts -u` writes the text anew.
 */
import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { GollamaCommand } from '../../src/cli/base-command.js';
import { ROOT } from '../support/gollama-process.js';

interface Flag {
  readonly type: 'boolean' | 'option';
  readonly char?: string;
  readonly env?: string;
  readonly default?: unknown;
  readonly options?: readonly string[];
  readonly helpValue?: string;
  readonly required?: boolean;
  readonly multiple?: boolean;
  readonly hidden?: boolean;
  readonly allowNo?: boolean;
  readonly exclusive?: readonly string[];
  readonly min?: number;
  readonly max?: number;
  readonly deprecated?: unknown;
}

interface Argument {
  readonly required?: boolean;
  readonly options?: readonly string[];
}

interface CommandClass {
  readonly hidden?: boolean;
  readonly aliases?: readonly string[];
  readonly strict?: boolean;
  readonly enableJsonFlag?: boolean;
  readonly baseFlags?: Readonly<Record<string, Flag>>;
  readonly flags?: Readonly<Record<string, Flag>>;
  readonly args?: Readonly<Record<string, Argument>>;
}

const FOLDER = `${ROOT}commands`;

async function commandClasses(): Promise<readonly (readonly [string, CommandClass])[]> {
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const named = files.map((file) => [file.replace(/(\/index)?\.ts$/, '').replaceAll('/', ' '), file] as const);
  const sorted = named.toSorted(([left], [right]) => (left < right ? -1 : 1));
  return Promise.all(
    sorted.map(async ([name, file]) => [name, (await import(`${FOLDER}/${file}`)).default as CommandClass] as const),
  );
}

function flagsOf({ baseFlags, flags, enableJsonFlag }: CommandClass): ReadonlyMap<string, string> {
  const json = enableJsonFlag ? { json: { type: 'boolean' } as const } : {};
  const all: Readonly<Record<string, Flag>> = { ...json, ...baseFlags, ...flags };
  const names = Object.keys(all).toSorted();
  return new Map(names.map((name) => [name, flagLine(name, all[name] as Flag)]));
}

function flagLine(name: string, flag: Flag): string {
  const { char, type, helpValue, options, min, max, env, exclusive } = flag;
  const value = type === 'boolean' ? '' : ` ${helpValue ?? options?.join('|') ?? 'VALUE'}`;
  const byDefault = typeof flag.default === 'function' ? undefined : flag.default;
  const notes = [
    flag.required && 'required',
    flag.multiple && 'repeatable',
    env && `$${env}`,
    byDefault !== undefined && `default ${byDefault}`,
    options && helpValue && `one of ${options.join('|')}`,
    min !== undefined && `from ${min}`,
    max !== undefined && `to ${max}`,
    exclusive && `not with --${exclusive.join(' --')}`,
    flag.hidden && 'hidden',
    flag.deprecated && 'deprecated',
  ].filter(Boolean);
  const typed = `  ${char ? `-${char} ` : ''}--${flag.allowNo ? '[no-]' : ''}${name}${value}`;
  return notes.length === 0 ? typed : `${typed.padEnd(36)}  ${notes.join(', ')}`;
}

function titleOf(name: string, { args = {}, strict, hidden, aliases = [] }: CommandClass): string {
  const words = Object.entries(args).map(([argument, { required, options }]) => {
    const word = options ? options.join('|') : argument.toUpperCase();
    return required ? word : `[${word}]`;
  });
  const notes = [...aliases.map((alias) => `also ${alias.replaceAll(':', ' ')}`), ...(hidden ? ['hidden'] : [])];
  const title = ['gollama', name, ...words, ...(strict === false ? ['...'] : [])].join(' ');
  return notes.length === 0 ? title : `${title}   (${notes.join(', ')})`;
}

it('no command changes its flags unnoticed', async () => {
  const common = flagsOf({ enableJsonFlag: true, baseFlags: GollamaCommand.baseFlags as Record<string, Flag> });
  const blocks = [['every command, unless it says otherwise', ...common.values()]];
  for (const [name, command] of await commandClasses()) {
    const flags = flagsOf(command);
    const lacking = [...common.keys()].filter((flag) => !flags.has(flag)).map((flag) => `  without --${flag}`);
    const own = [...flags].filter(([flag, line]) => common.get(flag) !== line).map(([, line]) => line);
    blocks.push([titleOf(name, command), ...lacking, ...own]);
  }
  const text = `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`;
  await expect(text).toMatchFileSnapshot('flag-snapshot.txt');
});
