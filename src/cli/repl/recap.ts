/** A session that goes on, in one line. Pure. */
import { type Session, shortened, titleOf } from '../../chat/session.js';
import { plural } from './figures.js';

/** `session s-7k2 "explain fsync" · 3 turns, the last one [stopped]: "and what of write()?"`. */
export function recap(session: Session): string {
  const { turns } = session.conversation;
  const last = turns.at(-1);
  const title = titleOf(session);
  const named = `session ${session.id}${title === '' ? '' : ` "${title}"`} · ${plural(turns.length, 'turn')}`;
  if (!last) return named;
  const reason = last.answer?.reason ?? 'not answered';
  const mark = reason === 'stop' ? '' : ` [${reason}]`;
  return `${named}, the last one${mark}: "${shortened(last.question.text)}"`;
}
