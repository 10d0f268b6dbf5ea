/** What oclif says of a command line that it cannot read, in one line and in the words of the other messages. */

type Wording = readonly [said: RegExp, told: string];

const WORDINGS: readonly Wording[] = [
  [/^Missing required flag (\S+)$/, 'missing flag: --$1'],
  [/^Flag (--\S+) expects a value$/, '$1 needs a value'],
  [/^Flag (--\S+) expects one of these values: /, '$1 needs one of '],
  [/^Nonexistent flags?: /, 'unknown flag: '],
  [/^Unexpected arguments?: /, 'unexpected argument: '],
  [/^Expected (--[\w-]+)=(.*) to be one of: /s, '$1: "$2" is none of '],
  [/^Expected (.*) to be one of: /s, '"$1" is none of '],
];

/** Arguments are told as a list: the name, two blanks or more, what it is. */
const MISSING_ARGUMENTS = /^Missing \d+ required args?(?::\n([\s\S]*))?$/;

export function usageMessage(said: string): string {
  const text = said.replace(/\s*See more help with --help\s*$/, '').trim();
  const missing = MISSING_ARGUMENTS.exec(text);
  if (missing) return missingArguments(missing[1] ?? '');
  const ofFlag = /^Parsing (--[\w-]+)\s+(.*)$/s.exec(text);
  if (ofFlag) return `${ofFlag[1]}: ${uncapitalized(oneLine(ofFlag[2] ?? ''))}`;
  const errors = text.replace(/^The following errors? occurred:\s*/, '').split(/\n\s*/);
  return oneLine(errors.map(reworded).join('; '));
}

function missingArguments(list: string): string {
  const told = list.split('\n').flatMap((line) => {
    const [name = '', ...meaning] = line.trim().split(/\s{2,}/);
    return name === '' ? [] : [[name, ...meaning].join(': ')];
  });
  return `missing argument: ${told.join('; ')}`;
}

function reworded(said: string): string {
  for (const [pattern, told] of WORDINGS) if (pattern.test(said)) return said.replace(pattern, told);
  return said;
}

function uncapitalized(text: string): string {
  return text.replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ');
}
