/** What Tab offers in a chat: commands, what stands behind them, and files behind an `@`. */
import type { Completion } from '../terminal/completion.js';
import type { Repl } from './command.js';
import { COMMANDS, commandNamed } from './command-table.js';
import { pathsLike } from './paths.js';
import { lastWord, quoted, wordsOf } from './words.js';

const NOTHING: Completion = { candidates: [], start: 0 };

/** At once where nothing has to be looked up: the next key may come right behind. */
export function complete(repl: Repl, text: string, cursor: number): Completion | Promise<Completion> {
  const typed = text.slice(0, cursor);
  const [, begun] = /^\/([\w?-]*)$/.exec(typed) ?? [];
  if (begun !== undefined) return { candidates: commandsLike(begun), start: 0 };
  const [all, name = ''] = /^\/([\w?-]+)\s+/.exec(typed) ?? [];
  if (all !== undefined) return completeArgument(repl, name, typed.slice(all.length), all.length);
  return completeMention(repl, typed);
}

/** Other names only where no command of its own begins so. */
function commandsLike(begun: string): readonly string[] {
  const names = COMMANDS.map((command) => command.name);
  const aliases = COMMANDS.flatMap((command) => command.aliases);
  const found = names.filter((name) => name.startsWith(begun));
  return (found.length > 0 ? found : aliases.filter((name) => name.startsWith(begun))).map((name) => `/${name} `);
}

function completeArgument(repl: Repl, name: string, argument: string, offset: number): ReturnType<typeof complete> {
  const { word, start } = lastWord(argument);
  const offered = commandNamed(name)?.complete?.(repl, word, wordsOf(argument.slice(0, start))) ?? [];
  const chosen = (all: readonly string[]): Completion => ({
    candidates: all.filter((candidate) => candidate.startsWith(word)).map(written),
    start: offset + start,
  });
  return offered instanceof Promise ? offered.then(chosen) : chosen(offered);
}

function completeMention(repl: Repl, typed: string): ReturnType<typeof complete> {
  const [, quote, path] = /(?:^|[\s([{])@("?)([^"\n]*)$/.exec(typed) ?? [];
  if (path === undefined || (quote === '' && /\s/.test(path))) return NOTHING;
  return mentionsLike(repl, path, quote !== '', typed.length - path.length - (quote?.length ?? 0) - 1);
}

async function mentionsLike({ around }: Repl, path: string, isQuoted: boolean, start: number): Promise<Completion> {
  const candidates = (await pathsLike(path, around)).map((found) => {
    const needsQuotes = isQuoted || /\s/.test(found);
    const end = found.endsWith('/') ? '' : needsQuotes ? '" ' : ' ';
    return `@${needsQuotes ? '"' : ''}${found}${end}`;
  });
  return { candidates, start };
}

/** A folder goes on; what is whole has a blank behind it. */
function written(candidate: string): string {
  if (!candidate.endsWith('/')) return `${quoted(candidate)} `;
  return /[\s"'\\]/.test(candidate) ? candidate.replace(/[\s"'\\]/g, (character) => `\\${character}`) : candidate;
}
