/** The models of a server, and which of them answers. */
import { printable } from '../../base/printable.js';
import { type ModelChoice, pickModel } from '../../chat/model-choice.js';
import { askPerson, type Repl } from './command.js';
import { countText, plural } from './figures.js';

/** By name or number; without any, they are shown and asked for. False: nothing was chosen. Throws `model_not_found`. */
export async function switchModel(repl: Repl, wanted: string, signal?: AbortSignal): Promise<boolean> {
  const { chat, screen } = repl;
  const models = await chat.look(signal);
  const name = wanted === '' ? await chosen(repl, models) : wanted;
  if (name === undefined || name === '') return false;
  chat.model = pickModel(models, models[Number(name) - 1]?.name ?? name);
  const messages = chat.conversation.turns.flatMap(({ answer }) => (answer ? [1, 1] : [1])).length;
  screen.note(`${chat.model.name} answers from now on, ${plural(messages, 'message')} kept`);
  return true;
}

async function chosen(repl: Repl, models: readonly ModelChoice[]): Promise<string | undefined> {
  if (models.length === 0) {
    repl.screen.note('the server tells no models: /model NAME takes any name');
    return undefined;
  }
  repl.screen.print(await modelTable(models, repl.chat.model.name));
  return askPerson(repl, 'number or name: ');
}

async function modelTable(models: readonly ModelChoice[], current: string): Promise<string> {
  const { alignColumns } = await import('../../base/text-columns.js');
  const rows = models.map(({ name, state, contextTokens }, at) => [
    String(at + 1),
    printable(name),
    state,
    contextTokens === undefined ? '' : countText(contextTokens),
    name === current ? '* now' : '',
  ]);
  return alignColumns(rows, [{ align: 'right' }, {}, {}, { align: 'right' }, {}], { indent: 1 }).join('\n');
}
