/** Commands about conversations that are kept. */
import { writeFile } from 'node:fs/promises';
import { GollamaError, messageOf } from '../../base/errors.js';
import { printable } from '../../base/printable.js';
import { resolvePath } from '../../chat/attachments.js';
import { shortened } from '../../chat/session.js';
import { cutDisplay, displayWidth, padDisplay } from '../terminal/display-width.js';
import { saved } from './answers.js';
import type { Command, Repl } from './command.js';
import { agoText, plural } from './figures.js';
import { pathsLike } from './paths.js';
import { recap } from './recap.js';
import { transcript } from './transcript.js';
import { wordsOf } from './words.js';

export const SESSION_COMMANDS: readonly Command[] = [
  {
    name: 'sessions',
    aliases: [],
    usage: '[id]',
    summary: 'show what is kept, go on with another one',
    complete: async ({ chat }) => (await chat.files.list()).sessions.map(({ id }) => id),
    run: (repl, argument) => (argument === '' ? listSessions(repl) : resume(repl, argument)),
  },
  {
    name: 'title',
    aliases: [],
    usage: '[text]',
    summary: 'show the title of the session, or set it',
    async run(repl, argument) {
      const { chat, screen } = repl;
      if (argument !== '') chat.title = shortened(argument);
      await saved(repl);
      const { id, title } = chat.session;
      screen.note(title === '' ? `session ${id} has no title yet` : `session ${id}: ${title}`);
      return undefined;
    },
  },
  {
    name: 'save',
    aliases: [],
    usage: '[file]',
    summary: 'keep the session from now on, or write the conversation to a file as Markdown',
    complete: ({ around }, word) => pathsLike(word, around),
    run: (repl, argument) => (argument === '' ? keep(repl) : exportTo(repl, argument)),
  },
  {
    name: 'clear',
    aliases: ['new'],
    usage: '',
    summary: 'begin a new conversation; the old one stays among the sessions',
    run: clear,
  },
];

const GAP = '  ';
const NOW = '  * now';

async function listSessions({ chat, screen, clock }: Repl): Promise<undefined> {
  const { alignColumns } = await import('../../base/text-columns.js');
  const { sessions, damaged, unseen } = await chat.files.list();
  for (const { problem } of damaged) screen.note(problem);
  if (sessions.length === 0) {
    screen.note('no session is kept yet');
    return undefined;
  }
  const facts = sessions.map(({ id, updatedAtMs, turns, model }) => [
    id,
    agoText(clock.epoch() - updatedAtMs),
    plural(turns, 'turn'),
    printable(model),
  ]);
  const begins = alignColumns(facts, [{}, {}, { align: 'right' }, {}], { indent: 1 });
  const width = Math.max(...begins.map(displayWidth)) + GAP.length;
  const lines = sessions.map(({ id, title }, at) => {
    const mark = id === chat.session.id ? NOW : '';
    const shown = cutDisplay(printable(title), screen.columns - width - mark.length, '…');
    return `${padDisplay(begins[at] ?? '', width)}${shown}${mark}`;
  });
  screen.print(lines.join('\n'));
  screen.note(`/sessions ID goes on with one${unseen > 0 ? ` · ${unseen} older ones are not shown` : ''}`);
  return undefined;
}

/** The model stays: what answers is chosen by /model alone. */
async function resume(repl: Repl, id: string): Promise<undefined> {
  const { chat, screen } = repl;
  const session = await chat.files.find(id);
  await saved(repl);
  const { model } = chat;
  chat.resume(session);
  chat.model = model;
  const other = session.model === model.name ? '' : ` (it was ${session.model} so far: /model ${session.model})`;
  screen.note(`${recap(session)} · ${model.name} answers${other}`);
  return undefined;
}

async function keep(repl: Repl): Promise<undefined> {
  const { chat, screen } = repl;
  chat.isSaved = true;
  await saved(repl);
  const isThere = chat.session.revision > 0;
  screen.note(isThere ? `session ${chat.session.id} is kept after every turn` : 'it is kept from the first turn on');
  return undefined;
}

/** Never in the place of a file that is there. */
async function exportTo({ chat, screen, around }: Repl, argument: string): Promise<undefined> {
  const [name = ''] = wordsOf(argument);
  const { turns } = chat.conversation;
  if (turns.length === 0) throw new GollamaError('usage', 'nothing was said yet');
  try {
    await writeFile(resolvePath(name, around), transcript(chat.session), { flag: 'wx' });
  } catch (thrown) {
    throw new GollamaError('usage', `cannot write ${name}: ${messageOf(thrown)}`, {
      hint: 'name a file that is not there yet, in a folder that is',
      cause: thrown,
    });
  }
  screen.note(`wrote ${plural(turns.length, 'turn')} to ${name}`);
  return undefined;
}

async function clear(repl: Repl): Promise<undefined> {
  const { chat, screen } = repl;
  await saved(repl);
  const before = chat.session;
  const fresh = await chat.files.create(chat.model.name);
  const { system } = before.conversation;
  const conversation = { ...fresh.conversation, system };
  chat.resume({ ...fresh, conversation, options: before.options, think: before.think });
  const wasKept = before.revision > 0 ? `  (the one before: /sessions ${before.id})` : '';
  screen.note(`a new conversation, session ${fresh.id}${wasKept}`);
  return undefined;
}
