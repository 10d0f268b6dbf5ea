/** A conversation as a Markdown document. Pure. */
import type { Turn } from '../../chat/conversation.js';
import { type Session, titleOf } from '../../chat/session.js';

export function transcript(session: Session): string {
  const { system, summary, turns } = session.conversation;
  return [
    `# ${titleOf(session) || session.id}`,
    ...(system === undefined ? [] : ['## System', system]),
    ...(summary === undefined ? [] : ['## What was said before, in short', summary]),
    ...turns.flatMap(turnParts),
    '',
  ].join('\n\n');
}

function turnParts({ question, answer }: Turn): readonly string[] {
  const attached = [...question.files, ...question.images].map(({ name }) => `Attached: ${name}`);
  const asked = ['## You', ...attached, question.text];
  if (!answer) return asked;
  const mark = answer.reason === 'stop' ? '' : ` [${answer.reason}]`;
  return [...asked, `## ${answer.model}${mark}`, answer.text];
}
