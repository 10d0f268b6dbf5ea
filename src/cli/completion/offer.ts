/** What may stand at a place of the command line. */
import type { Known, KnownCommand, KnownFlag } from './known-command.js';
import { type Place, placeOf } from './place.js';
import { argumentValueKind, flagValueKind, type ValueKind } from './value-kind.js';

export interface Candidate {
  /** The whole word. */
  readonly value: string;
  readonly description: string;
}

export interface Offer {
  readonly candidates: readonly Candidate[];
  /** What the shell itself shall offer beside them. */
  readonly paths: 'files' | 'folders' | 'none';
}

/** Values that have to be looked up. Empty where nothing answers: a completion tells no errors. */
export interface LiveValues {
  models(): Promise<readonly Candidate[]>;
  /** Tasks in one of these states, or in any where none is named. */
  tasks(statuses: readonly string[]): Promise<readonly Candidate[]>;
  sessions(): Promise<readonly Candidate[]>;
  configKeys(): Promise<readonly Candidate[]>;
  helpTopics(): Promise<readonly Candidate[]>;
  /** Environment variables that may hold a key. */
  variables(): readonly Candidate[];
}

const HELP: Candidate = { value: '--help', description: 'show help' };

/** Only what begins as the word at the cursor does. `words` as `placeOf` takes them. */
export async function offerFor(words: readonly string[], known: Known, live: LiveValues): Promise<Offer> {
  const place = placeOf(words, known);
  const { candidates, paths } = await allFor(place, known, live);
  const before = place.kind === 'value' ? place.before : '';
  return {
    candidates: candidates
      .map(({ value, description }) => ({ value: `${before}${value}`, description: oneLine(description) }))
      .filter(({ value }) => value.startsWith(`${before}${place.typed}`) && !/[\t\n]/.test(value)),
    paths,
  };
}

async function allFor(place: Place, known: Known, live: LiveValues): Promise<Offer> {
  switch (place.kind) {
    case 'command':
      return offering(place.typed.startsWith('-') ? globalFlags(place.below) : commandsBelow(place.below, known));
    case 'flag':
      return offering(flagsLeft(place.command, place.given, place.typed));
    case 'value':
      return valuesOf(flagValueKind(place.command, place.flag), place.typed, [], known, live);
    case 'argument': {
      const { command, argument, given, typed } = place;
      // Words behind a command may be those of one below it: `bench`, `bench compare`.
      const below = given.length === 0 && command.id !== 'help' ? commandsBelow(command.id.split(':'), known) : [];
      if (!argument) return offering(below);
      const values = await valuesOf(argumentValueKind(command, argument), typed, given, known, live);
      return { ...values, candidates: [...below, ...values.candidates] };
    }
  }
}

async function valuesOf(
  kind: ValueKind,
  typed: string,
  given: readonly string[],
  known: Known,
  live: LiveValues,
): Promise<Offer> {
  switch (kind.kind) {
    case 'words':
      return offering(kind.isList ? listed(kind.words, typed) : kind.words.map(plain));
    case 'tasks':
      return offering((await live.tasks(kind.statuses)).filter(({ value }) => !given.includes(value)));
    case 'models':
      return offering(await live.models());
    case 'sessions':
      return offering(await live.sessions());
    case 'config-keys':
      return offering(await live.configKeys());
    case 'variables':
      return offering(live.variables());
    case 'commands':
      return offering([...commandsBelow(given, known), ...(given.length === 0 ? await live.helpTopics() : [])]);
    case 'files':
    case 'folders':
      return { candidates: [], paths: kind.kind };
    case 'nothing':
      return offering([]);
  }
}

/** The next words of commands and topics below these. */
function commandsBelow(words: readonly string[], { commands, topics }: Known): readonly Candidate[] {
  const next = new Map<string, string>();
  const start = words.map((word) => `${word}:`).join('');
  const add = (id: string, description: string) => {
    if (!id.startsWith(start)) return;
    const [word = '', ...deeper] = id.slice(start.length).split(':');
    if (word === '') return;
    // A command's own words say more than those of a topic.
    if (deeper.length === 0 || !next.has(word)) next.set(word, deeper.length === 0 ? description : '');
  };
  for (const { name, description, hidden } of topics) if (!hidden) add(name, description ?? '');
  for (const command of commands) {
    if (command.hidden) continue;
    for (const id of [command.id, ...command.aliases]) add(id, command.summary ?? command.description ?? '');
  }
  return [...next].map(([value, description]) => ({ value, description }));
}

/** Without a command there is only help and the version. */
function globalFlags(below: readonly string[]): readonly Candidate[] {
  return below.length === 0 ? [HELP, { value: '--version', description: 'show the version' }] : [HELP];
}

/** Those that are not there yet, and may stand beside those that are. */
function flagsLeft(command: KnownCommand, given: readonly KnownFlag[], typed: string): readonly Candidate[] {
  const excluded = new Set(given.flatMap(({ name, exclusive }) => [name, ...(exclusive ?? [])]));
  const left = Object.values(command.flags).filter(
    (flag) =>
      !flag.hidden &&
      ((flag.multiple && given.includes(flag)) || !excluded.has(flag.name)) &&
      !flag.exclusive?.some((name) => given.some((other) => other.name === name)),
  );
  const candidates = left.flatMap(({ name, char, allowNo, summary, description }) => {
    const names = [`--${name}`, ...(allowNo ? [`--no-${name}`] : []), ...(typed === `-${char}` ? [typed] : [])];
    return names.map((value) => ({ value, description: summary ?? description ?? '' }));
  });
  return [...candidates, HELP];
}

/** `typed` may name some of them already, by comma. */
function listed(words: readonly string[], typed: string): readonly Candidate[] {
  const already = typed.split(',').slice(0, -1);
  const start = already.map((word) => `${word},`).join('');
  return words.filter((word) => !already.includes(word)).map((word) => plain(`${start}${word}`));
}

function plain(value: string): Candidate {
  return { value, description: '' };
}

function offering(candidates: readonly Candidate[]): Offer {
  return { candidates, paths: 'none' };
}

function oneLine(text: string): string {
  return (text.split('\n')[0] ?? '').replaceAll('\t', ' ');
}
