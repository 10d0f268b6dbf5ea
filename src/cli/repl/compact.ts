/** A summary in place of what was said, or of the oldest turns where not all of it fits beside one. */
import { estimatedTokens, turnsToSumUp } from '../../chat/context-meter.js';
import { compacted } from '../../chat/conversation.js';
import type { Repl } from './command.js';
import { countText, plural } from './figures.js';

/** False: nothing has changed, and why was said. */
export async function compact(repl: Repl): Promise<boolean> {
  const { chat, asker, screen } = repl;
  // Counts are estimates, and many a server tells no limit: what it refuses is tried again with half of the turns.
  for (let count = turnsToSumUp(chat.conversation, chat.contextTokens); count > 0; count = Math.floor(count / 2)) {
    const summary = await asker.summary(count);
    if (summary === undefined) return false;
    if (summary === 'overflow') continue;
    replaceOldest(repl, count, summary.text);
    return true;
  }
  screen.note('not even the first turn fits beside a summary of it: nothing was changed  (/undo drops the last turn)');
  return false;
}

function replaceOldest({ chat, screen }: Repl, count: number, summary: string): void {
  const kept = chat.conversation.turns.length - count;
  chat.conversation = compacted(chat.conversation, summary, kept);
  const size = `a summary of ~${countText(estimatedTokens(summary))} tokens`;
  const told =
    kept === 0
      ? `${plural(count, 'turn')} became ${size}`
      : `the oldest ${plural(count, 'turn')} became ${size}, the last ${plural(kept, 'turn')} stayed`;
  screen.note(`${told}  (/info shows it)`);
}
