/** Commands about how is answered, and by whom. */

import { GollamaError } from '../../base/errors.js';
import { printableLines } from '../../base/printable.js';
import { completionTokens } from '../../chat/conversation.js';
import { findParameter, PARAMETERS, parseSetting } from '../../chat/parameters.js';
import { modelNames, saved } from './answers.js';
import { attachmentText } from './attaching.js';
import type { Command, Repl } from './command.js';
import { contextText, plural, timeText } from './figures.js';
import { switchModel } from './models.js';
import { setSystem } from './system-text.js';

const SWITCH = ['on', 'off'];
const THINK = ['on', 'off', 'low', 'medium', 'high', 'auto', 'show', 'fold', 'hide'];

export const SETTING_COMMANDS: readonly Command[] = [
  {
    name: 'model',
    aliases: ['load', 'list'],
    usage: '[name]',
    summary: 'show the models, take another one; the conversation stays',
    complete: modelNames,
    async run(repl, argument, signal) {
      if (await switchModel(repl, argument, signal)) await saved(repl);
      return undefined;
    },
  },
  {
    name: 'system',
    aliases: [],
    usage: '[text | @file | off]',
    summary: 'show, set or drop what the model is told first',
    run: system,
  },
  {
    name: 'set',
    aliases: [],
    usage: '[name [value | default]]',
    summary: 'show or set a parameter, such as temperature 0.2; also: render, stats, think, system',
    complete: (_, __, before) => completeSet(before),
    run: set,
  },
  {
    name: 'think',
    aliases: [],
    usage: '[on|off|low|medium|high|auto|show|fold|hide]',
    summary: 'whether the model reasons first, and what is shown of it',
    complete: () => THINK,
    run: think,
  },
  {
    name: 'render',
    aliases: [],
    usage: '[on|off]',
    summary: 'show Markdown rendered, or as it is written',
    complete: () => SWITCH,
    run: ({ chat, screen }, argument) => {
      chat.view.renders = switched(argument, chat.view.renders);
      screen.note(`Markdown is ${chat.view.renders ? 'rendered' : 'shown as it is written'}`);
      return undefined;
    },
  },
  {
    name: 'info',
    aliases: ['show'],
    usage: '',
    summary: 'show model, server, session, system text and parameters',
    run: (repl) => info(repl),
  },
  {
    name: 'stats',
    aliases: [],
    usage: '[on|off]',
    summary: 'show figures of all answers, or switch the line behind each of them',
    complete: () => SWITCH,
    run: stats,
  },
];

async function system(repl: Repl, argument: string): Promise<undefined> {
  const { chat, screen, around } = repl;
  if (argument === '') {
    const { system: text } = chat.conversation;
    if (text === undefined) screen.note('there is no system text  (/system TEXT sets one)');
    else screen.print(text);
    return undefined;
  }
  chat.conversation = await setSystem(chat.conversation, argument, around);
  screen.note(chat.conversation.system === undefined ? 'the system text is gone' : 'the system text is set');
  await saved(repl);
  return undefined;
}

/** In Ollama's spelling too: `/set parameter temperature 0.2`, `/set nothink`, `/set verbose`. */
async function set(repl: Repl, argument: string, signal: AbortSignal): Promise<undefined> {
  const [first = '', rest = ''] = argument.replace(/^parameter\s+/, '').split(/\s+(.*)/s);
  const other = OTHER_SETTINGS[first];
  if (other) return other(repl, rest, signal);
  if (first === '') return showParameters(repl);
  const { name } = findParameter(first);
  if (rest === '') repl.screen.note(`${name} is ${valueText(repl, name)}: ${findParameter(name).meaning}`);
  else if (rest === 'default') repl.chat.unset(name);
  else repl.chat.set(parseSetting(name, rest));
  if (rest !== '') repl.screen.note(`${name} is ${valueText(repl, name)}`);
  return undefined;
}

type Setter = (repl: Repl, argument: string, signal: AbortSignal) => Promise<undefined>;

const OTHER_SETTINGS: Readonly<Record<string, Setter>> = {
  system: (repl, argument) => system(repl, argument),
  think: (repl, argument) => think(repl, argument || 'on'),
  nothink: (repl) => think(repl, 'off'),
  render: (repl, argument, signal) => byName('render', repl, argument, signal),
  stats: (repl, argument) => stats(repl, argument),
  verbose: (repl) => stats(repl, 'on'),
  quiet: (repl) => stats(repl, 'off'),
};

async function byName(name: string, repl: Repl, argument: string, signal: AbortSignal): Promise<undefined> {
  await SETTING_COMMANDS.find((command) => command.name === name)?.run(repl, argument, signal);
  return undefined;
}

function completeSet(before: readonly string[]): readonly string[] {
  const [first] = before;
  if (first === undefined) return [...PARAMETERS.map(({ name }) => name), 'render', 'stats', 'think', 'system'];
  if (first === 'think') return THINK;
  return first === 'render' || first === 'stats' ? SWITCH : ['default'];
}

async function showParameters({ chat, screen }: Repl): Promise<undefined> {
  const { alignColumns } = await import('../../base/text-columns.js');
  const rows = PARAMETERS.map(({ name, meaning }) => [name, writtenValue(chat.setting(name)) ?? '', meaning]);
  screen.print(alignColumns(rows, [{}, {}, {}], { indent: 2 }).join('\n'));
  return undefined;
}

function valueText({ chat }: Repl, name: string): string {
  return writtenValue(chat.setting(name)) ?? 'what the model likes';
}

function writtenValue(value: unknown): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}

async function think(repl: Repl, argument: string): Promise<undefined> {
  const { chat, screen } = repl;
  const word = argument.trim().toLowerCase();
  if (word !== '' && !THINK.includes(word)) {
    throw new GollamaError('usage', `/think ${argument}: no such choice`, { hint: `one of: ${THINK.join(', ')}` });
  }
  if (word === 'show' || word === 'fold' || word === 'hide') chat.view.thoughts = word;
  else if (word === 'auto') chat.think = undefined;
  else if (word !== '') chat.think = word === 'on' ? true : word === 'off' ? false : word;
  const { think: asked } = chat.session;
  const how = asked === undefined ? 'as the model likes' : asked === true ? 'on' : asked === false ? 'off' : asked;
  screen.note(`reasoning: ${how}; shown: ${SHOWN[chat.view.thoughts]}`);
  return undefined;
}

const SHOWN = { fold: 'as one line', show: 'whole', hide: 'not at all' } as const;

async function info({ chat, screen }: Repl): Promise<undefined> {
  const { alignColumns } = await import('../../base/text-columns.js');
  const { session, server, conversation, attachments } = chat;
  const options = Object.entries(session.options).map(([name, value]) => `${name} ${writtenValue(value)}`);
  const rows = [
    ['model', `${chat.model.name} (${chat.model.state})`],
    ['server', server.baseUrl],
    [
      'session',
      `${session.id}${session.title === '' ? '' : ` "${session.title}"`}${chat.isSaved ? '' : ' (not saved)'}`,
    ],
    ['turns', String(conversation.turns.length)],
    ['context', contextText(chat.use()).replace('context ', '')],
    ['system', conversation.system ?? ''],
    ['summary', conversation.summary ?? ''],
    ['parameters', options.join(', ')],
    ['attached', attachments.map(attachmentText).join(', ')],
  ].flatMap(([name = '', value = '']) => (value === '' ? [] : [[name, printableLines(value)]]));
  const width = Math.max(20, screen.columns - 14);
  screen.print(alignColumns(rows, [{}, { width }], { indent: 1 }).join('\n'));
  return undefined;
}

async function stats({ chat, screen }: Repl, argument: string): Promise<undefined> {
  if (argument !== '') {
    chat.view.tellsStats = switched(argument, chat.view.tellsStats);
    screen.note(`figures behind each answer: ${chat.view.tellsStats ? 'on' : 'off'}`);
    return undefined;
  }
  const { alignColumns } = await import('../../base/text-columns.js');
  const answers = chat.conversation.turns.flatMap(({ answer }) => (answer ? [answer] : []));
  const rows = answers.map(({ model, reason, stats: figures }, at) => [
    String(at + 1),
    model,
    figures.completionTokens === undefined ? '' : `${figures.completionTokens} tok`,
    figures.tokensPerSecond === undefined ? '' : `${figures.tokensPerSecond.toFixed(1)} tok/s`,
    figures.ttftMs === undefined ? '' : `ttft ${timeText(figures.ttftMs)}`,
    figures.queueMs === undefined ? '' : `wait ${timeText(figures.queueMs)}`,
    reason === 'stop' ? '' : `[${reason}]`,
  ]);
  const right = { align: 'right' } as const;
  if (rows.length > 0)
    screen.print(alignColumns(rows, [right, {}, right, right, right, right, {}], { indent: 1 }).join('\n'));
  const total = `${plural(answers.length, 'answer')}, ${completionTokens(chat.conversation)} tok generated`;
  screen.note(`${total} · ${contextText(chat.use())}`);
  return undefined;
}

/** Without a word, the other way round. */
function switched(argument: string, isOn: boolean): boolean {
  const word = argument.trim().toLowerCase();
  if (word === '') return !isOn;
  if (SWITCH.includes(word)) return word === 'on';
  throw new GollamaError('usage', `"${argument}" is neither on nor off`);
}
