/**
 * The simulated tokenizer: a small vocabulary of whole words, and a reversible fallback for everything else.
 * A token that is no word stands for up to four bytes of UTF-8, whole characters only, written into its number.
 */
import { type Random, seededRandom } from '../../base/random.js';

export interface Token {
  readonly id: number;
  readonly text: string;
  /** `text` as a JSON string, made once: it is written for every token of every stream. */
  readonly json: string;
}

const WORDS = `about above after again all always and any apple around at autumn bake basket because before began
below bird book branch bread bridge bright broad brook brother build butter by call calm captain carry castle chair
circle city clear cloud coast cold copper corner could count cover dance dark day deep doctor door dream drift early
earth east echo edge engine even every evening fair fall family far farm father feather field find fire first fish
flower follow forest fresh friend from garden gather gentle give glass gold grain grass green ground grow hand harbor
harvest hear heart heavy high hill history hold home honest horse house hundred idea in island join journey keep
kernel kind king kitchen lake land lantern late laugh learn leave letter light like little long lower machine many map
market meadow memory merchant middle mild milk mind mirror moment moon morning mother mountain move music narrow near
never new night north number ocean of old open orchard other over paper path patient pencil people perhaps picture
place plain planet plant play point pond quick quiet rabbit rain raise reach read red rest river road rock roof room
root round sail salt sand school sea season second seed shadow shape share shine ship shore short signal silver simple
sing sister sky slow small smile snow soft some song south spring star steady stone story strange stream street strong
sugar summer sun sweet table tale tall than that the then they third this through time to together toward tower town
travel tree true trust turn two under until valley village voice wait walk wall warm watch water wave weather west
wheel when while white wide wild wind window winter with wood word work world would write yard year yellow young`
  .split(/\s+/)
  .filter((word) => word !== '');

const FIRST_ID = 256;
/** Byte groups are numbered above the vocabulary, in base 257 so that a zero byte counts too. */
const BYTES_BASE = 257;
const BYTES_MAX = 4;
const PIECES = / ?[A-Za-z]+|\n\n|[^A-Za-z\n ]+|[\n ]/g;
const IS_ASCII = /^[\0-\x7f]*$/;

const VOCABULARY = [
  ...WORDS.map((word) => ` ${word}`),
  ...WORDS.map((word) => ` ${capital(word)}`),
  ...WORDS.map(capital),
  ...['.', ',', '\n\n'],
].map((text, index) => token(FIRST_ID + index, text));

const BY_TEXT = new Map(VOCABULARY.map((entry) => [entry.text, entry]));
const FIRST_BYTES_ID = FIRST_ID + VOCABULARY.length;
/** For the fault that cuts characters in two: two, three and four bytes each. */
const WIDE_WORDS = [' café', ' naïve', ' 東京', ' 雪', ' über', ' 🦙', ' смысл'].map((text) => token(FIRST_ID, text));

export const VOCABULARY_SIZE = VOCABULARY.length;

/** `count` tokens of English sentences, the same ones for the same seed. */
export function writeText(seed: number, count: number): Token[] {
  const random = seededRandom(seed);
  const text: Token[] = [];
  for (let sentence = 0; text.length < count; sentence++) appendSentence(text, sentence, random);
  text.length = count;
  return text;
}

/** `count` tokens that all hold characters of more than one byte. */
export function writeWideText(seed: number, count: number): Token[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => pick(WIDE_WORDS, 0, WIDE_WORDS.length, random));
}

export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  for (const [piece] of text.matchAll(PIECES)) {
    const known = BY_TEXT.get(piece);
    if (known) tokens.push(known);
    else for (const group of byteGroups(piece)) tokens.push(byteToken(group));
  }
  return tokens;
}

/** As many as `tokenize` has, without making them: a prompt may have millions, and everybody waits meanwhile. */
export function countTokens(text: string): number {
  let count = 0;
  for (const [piece] of text.matchAll(PIECES)) {
    if (BY_TEXT.has(piece)) count += 1;
    else if (IS_ASCII.test(piece)) count += Math.ceil(piece.length / BYTES_MAX);
    else for (const _ of byteGroups(piece)) count += 1;
  }
  return count;
}

/** The text of token numbers; a number that stands for nothing adds nothing. */
export function detokenize(ids: readonly number[]): string {
  return ids.map((id) => VOCABULARY[id - FIRST_ID]?.text ?? bytesOf(id).toString('utf8')).join('');
}

/** FNV-1a, 32 bits (draft-eastlake-fnv). */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

function appendSentence(text: Token[], sentence: number, random: Random): void {
  const paragraph = sentence > 0 && sentence % 5 === 0;
  if (paragraph) text.push(mark(2));
  const capitals = sentence === 0 || paragraph ? 2 * WORDS.length : WORDS.length;
  text.push(pick(VOCABULARY, capitals, WORDS.length, random));
  const words = 5 + Math.floor(random() * 8);
  for (let word = 1; word < words; word++) {
    text.push(pick(VOCABULARY, 0, WORDS.length, random));
    if (word < words - 2 && random() < 0.08) text.push(mark(1));
  }
  text.push(mark(0));
}

function mark(index: number): Token {
  return pick(VOCABULARY, 3 * WORDS.length + index, 1, () => 0);
}

function pick(from: readonly Token[], first: number, count: number, random: Random): Token {
  return from[first + Math.floor(random() * count)] ?? token(0, '');
}

/** Whole characters, as many as fit into one token. */
function* byteGroups(piece: string): Generator<string> {
  let group = '';
  let groupBytes = 0;
  for (const character of piece) {
    const bytes = Buffer.byteLength(character);
    if (groupBytes + bytes > BYTES_MAX) {
      yield group;
      group = '';
      groupBytes = 0;
    }
    group += character;
    groupBytes += bytes;
  }
  if (group !== '') yield group;
}

function byteToken(text: string): Token {
  let packed = 0;
  for (const byte of Buffer.from(text).reverse()) packed = packed * BYTES_BASE + byte + 1;
  return token(FIRST_BYTES_ID + packed, text);
}

function bytesOf(id: number): Buffer {
  const bytes: number[] = [];
  for (let rest = id - FIRST_BYTES_ID; rest > 0 && bytes.length < BYTES_MAX; rest = Math.floor(rest / BYTES_BASE)) {
    bytes.push((rest % BYTES_BASE) - 1);
  }
  return Buffer.from(bytes);
}

function token(id: number, text: string): Token {
  return { id, text, json: JSON.stringify(text) };
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
