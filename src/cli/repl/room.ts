/** What is to become of a message that does not fit into the context: the user says, nobody else. */
import { contextUse, turnsToDrop, turnsToSumUp } from '../../chat/context-meter.js';
import { asked, type Conversation, cleared, type UserMessage, undone, withoutOldest } from '../../chat/conversation.js';
import { shortened } from '../../chat/session.js';
import { askPerson, type Repl } from './command.js';
import { compact } from './compact.js';
import { countText, plural } from './figures.js';
import { switchModel } from './models.js';

/** `as-it-is`: it is to be sent all the same. */
export type RoomMade = 'made' | 'as-it-is' | 'given-up';

interface Way {
  readonly name: string;
  readonly meaning: string;
  /** False: it came to nothing. */
  readonly take: (words: string) => Promise<boolean> | boolean;
}

/** `wasRefused`: the server said so, not our estimate. */
export async function makeRoom(repl: Repl, message: UserMessage, wasRefused = false): Promise<RoomMade> {
  const { chat, screen } = repl;
  const { usedTokens, isEstimate, limitTokens } = chat.use(message);
  const size =
    limitTokens === undefined ? '' : `: ${isEstimate ? '~' : ''}${countText(usedTokens)} of ${limitTokens} tokens`;
  const ways = waysOut(repl, message, wasRefused);
  const choices = [...ways.map(({ name, meaning }) => [name, meaning]), ['(nothing)', 'edit the message']];
  const width = Math.max(...choices.map(([name = '']) => name.length));
  const lines = choices.map(([name = '', meaning]) => `  ${name.padEnd(width)}  ${meaning}`);
  const what = wasRefused ? 'the server refused it' : `it does not fit${size}; nothing was sent`;
  screen.note([what, ...lines].join('\n'));
  for (;;) {
    const typed = (await askPerson(repl, 'what now? '))?.replace(/^\//, '') ?? '';
    if (typed === '') return 'given-up';
    const [word = '', rest = ''] = typed.split(/\s+(.*)/s);
    const way = ways.find(({ name }) => name.split(' ')[0] === word);
    if (way && (await way.take(rest))) return way.name === SEND ? 'as-it-is' : 'made';
    if (!way) screen.note(`one of: ${ways.map(({ name }) => name).join(', ')}, or nothing`);
  }
}

const SEND = 'send';

/** Those that there are. */
function waysOut(repl: Repl, message: UserMessage, wasRefused: boolean): readonly Way[] {
  const { chat } = repl;
  const { turns } = chat.conversation;
  const count = oldestCount(repl, message);
  // Where even this is too much, no room that the turns give up is enough.
  const fitsBeside = (rest: Conversation) => contextUse(rest, chat.contextTokens, message).level !== 'over';
  const summedUp = turnsToSumUp(chat.conversation, chat.contextTokens);
  const last = titles(turns.slice(-1));
  const oldest = titles(turns.slice(0, count));
  const ways: readonly (Way & { readonly isThere: boolean })[] = [
    {
      name: 'compact',
      meaning: `a summary in place of ${summedUp === turns.length ? 'the conversation' : `the oldest ${plural(summedUp, 'turn')}`}`,
      isThere: summedUp > 0 && fitsBeside(cleared(chat.conversation)),
      take: () => compact(repl),
    },
    {
      name: 'undo',
      meaning: `drop the last turn: ${last}`,
      isThere: turns.length > 0 && fitsBeside(undone(chat.conversation, turns.length)),
      take: () => undo(repl),
    },
    {
      name: 'oldest',
      meaning: `drop the oldest ${plural(count, 'turn')}: ${oldest}`,
      isThere: count > 0,
      take: () => dropOldest(repl, count),
    },
    {
      name: 'model NAME',
      meaning: `take another: ${otherModels(repl)}`,
      isThere: chat.models.length > 1,
      take: (name) => takeModel(repl, name),
    },
    {
      name: SEND,
      meaning: 'send it as it is: the count is an estimate',
      isThere: !wasRefused && chat.use(message).isEstimate,
      take: () => true,
    },
  ];
  return ways.filter(({ isThere }) => isThere);
}

/** As many as have to go; half of them where nobody can tell. */
function oldestCount({ chat }: Repl, message: UserMessage): number {
  const { turns } = chat.conversation;
  const whole = asked(chat.conversation, message);
  const count = turnsToDrop(whole, chat.contextTokens) ?? turnsToDrop(whole, chat.contextTokens, 1);
  if (count !== undefined && count > 0) return Math.min(count, turns.length);
  return count === undefined && chat.contextTokens !== undefined ? 0 : Math.ceil(turns.length / 2);
}

function titles(turns: Conversation['turns']): string {
  const [first, ...others] = turns;
  const title = `"${shortened(first?.question.text ?? '')}"`;
  return others.length === 0 ? title : `${title} and ${plural(others.length, 'other')}`;
}

function otherModels({ chat }: Repl): string {
  return chat.models
    .filter(({ name }) => name !== chat.model.name)
    .map(({ name, contextTokens }) => (contextTokens === undefined ? name : `${name} (${countText(contextTokens)})`))
    .join(', ');
}

function undo({ chat, screen }: Repl): boolean {
  screen.note(`dropped the last turn: ${titles(chat.conversation.turns.slice(-1))}`);
  chat.conversation = undone(chat.conversation);
  return true;
}

function dropOldest({ chat, screen }: Repl, count: number): boolean {
  screen.note(`dropped the oldest ${plural(count, 'turn')}: ${titles(chat.conversation.turns.slice(0, count))}`);
  chat.conversation = withoutOldest(chat.conversation, count);
  return true;
}

async function takeModel(repl: Repl, name: string): Promise<boolean> {
  try {
    return await switchModel(repl, name);
  } catch (thrown) {
    repl.screen.problem(thrown);
    return false;
  }
}
