/** Commands about what was answered. */
import { GollamaError } from '../../base/errors.js';
import { type GivenAnswer, undone } from '../../chat/conversation.js';
import type { Command, Repl } from './command.js';
import { compact } from './compact.js';
import { codeFences } from './fences.js';
import { plural, sizeText } from './figures.js';
import { switchModel } from './models.js';
import { deliver } from './send.js';
import { wordsOf } from './words.js';

export const ANSWER_COMMANDS: readonly Command[] = [
  {
    name: 'retry',
    aliases: ['regen'],
    usage: '[model]',
    summary: 'ask the last question again, of another model if you like',
    complete: modelNames,
    run: retry,
  },
  {
    name: 'continue',
    aliases: [],
    usage: '',
    summary: 'let the last answer go on where it ended',
    async run({ chat, asker }) {
      if (chat.conversation.turns.at(-1)?.answer === undefined) throw nothing('no answer that could go on');
      await asker.continueAnswer();
      return undefined;
    },
  },
  {
    name: 'undo',
    aliases: [],
    usage: '[n]',
    summary: 'drop the last turn, or the last n',
    async run({ chat, screen }, argument) {
      const count = argument === '' ? 1 : wholeNumber(argument);
      const { turns } = chat.conversation;
      if (turns.length === 0) throw nothing('nothing to undo');
      chat.conversation = undone(chat.conversation, count);
      const left = chat.conversation.turns.length;
      screen.note(`dropped ${plural(turns.length - left, 'turn')}, ${left === 0 ? 'none' : left} left`);
      await saved({ chat, screen });
      return undefined;
    },
  },
  {
    name: 'copy',
    aliases: [],
    usage: '[n | code [n]]',
    summary: 'copy the last answer, the n-th from the end, or a piece of its code',
    complete: (_, __, before) => (before.length === 0 ? ['code'] : []),
    run: copy,
  },
  {
    name: 'compact',
    aliases: [],
    usage: '',
    summary: 'put a summary in the place of the conversation, or of its oldest turns where not all fits',
    async run(repl) {
      if (repl.chat.conversation.turns.length === 0) throw nothing('nothing to sum up');
      await compact(repl);
      return undefined;
    },
  },
];

async function retry(repl: Repl, argument: string, signal: AbortSignal): Promise<undefined> {
  const { chat, asker } = repl;
  const last = chat.conversation.turns.at(-1);
  if (!last) throw nothing('no question to ask again');
  if (argument !== '' && !(await switchModel(repl, argument, signal))) return undefined;
  const before = chat.conversation;
  chat.conversation = undone(before);
  const isTooLong = chat.use(last.question).level === 'over';
  chat.conversation = before;
  if (!isTooLong && (await asker.retry()) !== 'overflow') return undefined;
  chat.conversation = undone(before);
  const end = await deliver(repl, last.question);
  if (end !== undefined) chat.conversation = before;
  return undefined;
}

/** `2`: the second from the end. `code 2`: the second piece of code in the last answer, whose last one `code` is. */
async function copy(repl: Repl, argument: string): Promise<undefined> {
  const { chat, screen, around, clock } = repl;
  const [first = '', second] = wordsOf(argument);
  const answers = chat.conversation.turns.flatMap(({ answer }) => (answer && answer.text !== '' ? [answer] : []));
  if (answers.length === 0) throw nothing('no answer to copy');
  const piece = first === 'code' ? codeOf(answers.at(-1), second) : textOf(answers, first);
  const { copyText } = await import('../terminal/clipboard.js');
  const copied = await copyText(piece.text, screen.out, around, clock);
  if (!copied.isCopied) {
    throw new GollamaError('usage', `cannot copy: ${copied.why}`, {
      hint: '/save FILE writes the conversation to a file',
    });
  }
  const doubt = copied.isCertain ? '' : ', if the terminal allows it';
  screen.note(`copied ${piece.what}, ${sizeText(Buffer.byteLength(piece.text))}${doubt}`);
  return undefined;
}

interface Piece {
  readonly what: string;
  readonly text: string;
}

function textOf(answers: readonly GivenAnswer[], number: string): Piece {
  const place = number === '' ? 1 : wholeNumber(number);
  const answer = answers.at(-place);
  if (!answer) throw nothing(`there are ${plural(answers.length, 'answer')} only`);
  return { what: place === 1 ? 'the last answer (raw Markdown)' : `answer ${place} from the end`, text: answer.text };
}

function codeOf(answer: GivenAnswer | undefined, number: string | undefined): Piece {
  const fences = codeFences(answer?.text ?? '');
  const fence = number === undefined ? fences.at(-1) : fences[wholeNumber(number) - 1];
  if (!fence)
    throw nothing(fences.length === 0 ? 'no code in the last answer' : `there are ${fences.length} pieces of code`);
  return { what: `code${fence.language === '' ? '' : ` (${fence.language})`}`, text: fence.code };
}

/** Saves, and says what came of it. */
export async function saved({ chat, screen }: Pick<Repl, 'chat' | 'screen'>): Promise<void> {
  const outcome = await chat.save();
  if (outcome?.error) screen.problem(outcome.error);
  if (outcome) screen.note(outcome.note);
}

export function modelNames({ chat }: Repl): readonly string[] {
  return chat.models.map(({ name }) => name);
}

function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new GollamaError('usage', `"${text}" is no number from 1 on`);
}

function nothing(message: string): GollamaError {
  return new GollamaError('usage', message, { hint: '/help shows all commands' });
}
