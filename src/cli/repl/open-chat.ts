/** Begins a chat, or goes on with one, with all that was asked for. */
import type { Clock } from '../../base/clock.js';
import { GollamaError } from '../../base/errors.js';
import { type Attachment, readAttachment } from '../../chat/attachments.js';
import { type ModelChoice, pickModel } from '../../chat/model-choice.js';
import type { Session } from '../../chat/session.js';
import { SessionFiles, sessionsFolder } from '../../chat/session-files.js';
import { Chat } from './chat.js';
import type { ChatSurroundings } from './command.js';
import type { Connection } from './own-server.js';
import { setSystem } from './system-text.js';
import type { ChatWish } from './wish.js';

export interface OpenParts {
  readonly around: ChatSurroundings;
  readonly clock: Clock;
  readonly note: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Rejects with `not_found`, `model_not_found`, and `usage` for what cannot be attached. */
export async function openChat(wish: ChatWish, { server, model }: Connection, parts: OpenParts): Promise<Chat> {
  const { around, clock, signal, note } = parts;
  const files = new SessionFiles({
    folder: sessionsFolder({ stateHome: around.env.XDG_STATE_HOME, home: around.home }),
    clock,
  });
  const found = await foundSession(wish, files, note);
  const models = await server.models(signal);
  const chosen = chosenModel(models, model, found, note);
  const session = found ?? (await files.create(chosen.name));
  const chat = new Chat({ server, model: chosen, models, session, files, isSaved: wish.isSaved, view: wish.view });
  for (const setting of wish.settings) chat.set(setting);
  if (wish.think !== undefined) chat.think = wish.think;
  if (wish.system !== undefined) chat.conversation = await setSystem(chat.conversation, wish.system, around);
  chat.attachments = await readAll(wish, around);
  return chat;
}

function readAll({ files, images }: ChatWish, around: ChatSurroundings): Promise<readonly Attachment[]> {
  return Promise.all([
    ...files.map((path) => readAttachment(path, around)),
    ...images.map((path) => readAttachment(path, around, { isImage: true })),
  ]);
}

async function foundSession(
  { session }: ChatWish,
  files: SessionFiles,
  note: (text: string) => void,
): Promise<Session | undefined> {
  if (session.kind === 'new') return undefined;
  if (session.kind === 'named') return files.find(session.id);
  const last = await files.last(({ problem }) => note(problem));
  if (last) return last;
  throw new GollamaError('not_found', 'there is no session to go on with', { hint: 'gollama chat begins one' });
}

function chosenModel(
  models: readonly ModelChoice[],
  wanted: string | undefined,
  session: Session | undefined,
  note: (text: string) => void,
): ModelChoice {
  if (wanted !== undefined || session === undefined) return pickModel(models, wanted);
  const before = models.find(({ name }) => name === session.model);
  if (before) return before;
  const chosen = pickModel(models, undefined);
  note(`${session.model} is not there: ${chosen.name} answers`);
  return chosen;
}
