/** A question that is answered with yes or no. */
import { printable } from '../../base/printable.js';
import type { LineReader } from '../terminal/line-reader.js';
import type { Screen } from './screen.js';

/** `interrupt`: Ctrl+C, or the program is to end · `end`: there is no more input. */
type YesNo = 'yes' | 'no' | 'interrupt' | 'end';

interface Dialog {
  readonly lines: LineReader;
  readonly screen: Screen;
  /** The program is to end. */
  readonly signal: AbortSignal;
}

/** Short: a prompt that is wide beside the window is not shown. */
const PROMPT = '[Y/n] ';

/** Asks until it is one of both. `question`: one line of any length, which is shown above. */
export async function askYesNo({ lines, screen, signal }: Dialog, question: string): Promise<YesNo> {
  screen.note(printable(question));
  try {
    for (;;) {
      const result = await lines.read(PROMPT, { remember: false, isFresh: true, signal });
      if (result.kind === 'interrupt' || result.kind === 'end') return result.kind;
      const answer = result.kind === 'line' ? yesOrNo(result.text) : undefined;
      if (answer !== undefined) return answer;
      screen.note('yes or no? (nothing: yes)');
    }
  } catch (thrown) {
    if (signal.aborted) return 'interrupt';
    throw thrown;
  }
}

/** Undefined: neither; a message that was typed a moment too early is not to be lost as a no. */
function yesOrNo(text: string): 'yes' | 'no' | undefined {
  const answer = text.trim().toLowerCase();
  if (['', 'y', 'yes'].includes(answer)) return 'yes';
  return ['n', 'no'].includes(answer) ? 'no' : undefined;
}
