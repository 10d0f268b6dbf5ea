/** The parameters of a model that can be set by name: `/set temperature 0.2`, `-o top_p=0.9`. Names are Ollama's. */
import { GollamaError } from '../base/errors.js';
import { nearest } from '../base/nearest.js';

export type ParameterValue = number | readonly string[];

export interface Parameter {
  readonly name: string;
  readonly kind: 'number' | 'integer' | 'texts';
  /** Both are allowed themselves. */
  readonly min?: number;
  readonly max?: number;
  /** One line. */
  readonly meaning: string;
  /** Other names of it. */
  readonly aliases?: readonly string[];
  /** Decided when the model is loaded: only an Ollama server can change it for a question. */
  readonly isLoading?: boolean;
}

const TOKENS_MAX = 10_000_000;

export const PARAMETERS: readonly Parameter[] = [
  {
    name: 'temperature',
    kind: 'number',
    min: 0,
    max: 5,
    meaning: 'how freely words are chosen; 0 = always the likeliest',
  },
  { name: 'top_p', kind: 'number', min: 0, max: 1, meaning: 'choose among the likeliest that make up this share' },
  { name: 'top_k', kind: 'integer', min: 0, max: 1_000_000, meaning: 'choose among that many; 0 = all' },
  {
    name: 'min_p',
    kind: 'number',
    min: 0,
    max: 1,
    meaning: 'leave out what is less likely than this share of the likeliest',
  },
  { name: 'typical_p', kind: 'number', min: 0, max: 1, meaning: 'choose among what is typically likely; 1 = off' },
  {
    name: 'seed',
    kind: 'integer',
    min: -1,
    max: 2 ** 32 - 1,
    meaning: 'the same seed gives the same answer; -1 = a new one',
  },
  {
    name: 'num_predict',
    kind: 'integer',
    min: -2,
    max: TOKENS_MAX,
    meaning: 'longest answer, in tokens; -1 = as long as it takes',
    aliases: ['max_tokens', 'max_completion_tokens', 'n_predict'],
  },
  { name: 'stop', kind: 'texts', meaning: 'end the answer before this text; a JSON list for several' },
  { name: 'repeat_penalty', kind: 'number', min: 0, max: 10, meaning: 'how much repetition is avoided; 1 = not' },
  {
    name: 'repeat_last_n',
    kind: 'integer',
    min: -1,
    max: TOKENS_MAX,
    meaning: 'how far back repetition is looked for',
  },
  { name: 'presence_penalty', kind: 'number', min: -2, max: 2, meaning: 'favour words that were not said yet' },
  {
    name: 'frequency_penalty',
    kind: 'number',
    min: -2,
    max: 2,
    meaning: 'disfavour words the more often they were said',
  },
  { name: 'mirostat', kind: 'integer', min: 0, max: 2, meaning: 'keep surprise at a level: 0 = off, 1, 2' },
  { name: 'mirostat_tau', kind: 'number', min: 0, max: 100, meaning: 'that level' },
  { name: 'mirostat_eta', kind: 'number', min: 0, max: 1, meaning: 'how fast mirostat learns' },
  {
    name: 'num_ctx',
    kind: 'integer',
    min: 1,
    max: TOKENS_MAX,
    meaning: 'context in tokens (Ollama engines; others decide when they start)',
    aliases: ['ctx', 'n_ctx', 'context_length'],
    isLoading: true,
  },
];

export interface Setting {
  /** The parameter's own name, whatever alias was written. */
  readonly name: string;
  readonly value: ParameterValue;
}

const HINT_ALL = `known: ${PARAMETERS.map(({ name }) => name).join(', ')}`;

/** Also by an alias, and in any case, with `-` for `_`. Throws `usage` with the nearest name. */
export function findParameter(name: string): Parameter {
  const wanted = name.trim().toLowerCase().replaceAll('-', '_');
  const found = PARAMETERS.find((parameter) => parameter.name === wanted || parameter.aliases?.includes(wanted));
  if (found) return found;
  const meant = nearest(
    wanted,
    PARAMETERS.flatMap(({ name: known, aliases = [] }) => [known, ...aliases]),
  );
  throw new GollamaError('usage', `there is no parameter "${name}"`, {
    hint: meant === undefined ? HINT_ALL : `did you mean ${meant}?`,
  });
}

/** Throws `usage`. */
export function parseSetting(name: string, text: string): Setting {
  const parameter = findParameter(name);
  const value = parameter.kind === 'texts' ? textsOf(text) : numberOf(parameter, text.trim());
  return { name: parameter.name, value };
}

/** `name=value`. Throws `usage`. */
export function parseAssignment(text: string): Setting {
  const equals = text.indexOf('=');
  if (equals > 0) return parseSetting(text.slice(0, equals), text.slice(equals + 1));
  throw new GollamaError('usage', `"${text}" has no value`, {
    hint: 'write it as name=value, such as temperature=0.2',
  });
}

/** As OpenAI's API names and takes them; what that API has no place for is left out. */
export function openAiOptions(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { num_predict: tokensMax, ...others } = options;
  const asked = Object.entries(others).filter(([name]) => !isLoading(name));
  // -1 and -2 are what a server does that is told nothing.
  const limit = typeof tokensMax === 'number' && tokensMax >= 0 ? { max_tokens: tokensMax } : {};
  return { ...Object.fromEntries(asked), ...limit };
}

function isLoading(name: string): boolean {
  return PARAMETERS.some((parameter) => parameter.name === name && parameter.isLoading === true);
}

function numberOf({ name, kind, min = -Infinity, max = Infinity }: Parameter, text: string): number {
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  const isRight = value >= min && value <= max && (kind === 'number' || Number.isInteger(value));
  if (isRight) return value;
  const what = kind === 'integer' ? 'a whole number' : 'a number';
  throw new GollamaError('usage', `${name} must be ${what} from ${min} to ${max}, got "${text}"`);
}

/** A JSON list or text where it is one (so that `"\n"` can be written), otherwise the text as it is. */
function textsOf(text: string): readonly string[] {
  const values = jsonOr(text, text);
  const list = Array.isArray(values) ? values : [values];
  const texts = list.filter((item): item is string => typeof item === 'string' && item !== '');
  if (texts.length === list.length && texts.length > 0) return texts;
  throw new GollamaError('usage', `stop must be a text or a JSON list of texts, got ${text === '' ? 'nothing' : text}`);
}

function jsonOr(text: string, otherwise: string): unknown {
  if (!/^\s*["[]/.test(text)) return otherwise;
  try {
    return JSON.parse(text);
  } catch {
    return otherwise;
  }
}
