/** One answer while it comes, as a person sees it: that it waits, its reasoning, its text, and what happens to it. */

import type { Clock } from '../../base/clock.js';
import type { AnswerEvent } from '../../chat/answer.js';
import { estimatedTokens } from '../../chat/context-meter.js';
import type { AnswerView } from '../markdown/answer-view.js';
import type { Progress } from '../progress.js';
import { displayWidth, graphemes } from '../terminal/display-width.js';
import type { ChatView } from './chat.js';
import { openFence } from './fences.js';
import { countText, timeText } from './figures.js';
import type { NewAnswerView, Screen } from './screen.js';

export interface ShownAnswerOptions {
  readonly screen: Screen;
  readonly clock: Clock;
  readonly view: Pick<ChatView, 'renders' | 'thoughts'>;
  readonly newView: NewAnswerView;
}

/** Of what stands beside the thoughts in the line that moves. */
const THINKING_COLUMNS = 18;

interface Thinking {
  readonly sinceMs: number;
  /** Where it is shown, if it is. */
  readonly view: AnswerView | undefined;
  text: string;
}

export class ShownAnswer {
  readonly #options: ShownAnswerOptions;
  #progress: Progress | undefined;
  #thinking: Thinking | undefined;
  #view: AnswerView | undefined;
  /** All text of this attempt that was shown. */
  #text = '';
  #isCutOff = false;
  readonly #onResize = () => {
    const { columns = 0, rows = 0 } = this.#options.screen.out;
    this.#thinking?.view?.resize(columns, rows);
    this.#view?.resize(columns, rows);
  };

  constructor(options: ShownAnswerOptions) {
    this.#options = options;
    options.screen.out.on('resize', this.#onResize);
  }

  take(event: AnswerEvent): void {
    switch (event.kind) {
      case 'waiting':
        this.status('waiting');
        break;
      case 'started':
        this.status('reading the question');
        break;
      case 'reasoning':
        this.#think(event.text);
        break;
      case 'text':
        this.#write(event.text);
        break;
      case 'again':
        this.#beginAgain(event.why);
        break;
      case 'reconnecting':
        this.#reconnecting();
        break;
      case 'end':
        this.close();
    }
  }

  /** What is going on, as long as there is nothing to show. */
  status(text: string): void {
    if (this.#thinking || this.#view) return;
    if (this.#progress) this.#progress.text(text);
    else this.#progress = this.#options.screen.progress(text);
  }

  /** The program was stopped and goes on: what stands on the screen is not where it was. */
  moved(): void {
    if (!this.#view) return;
    this.#view = undefined;
    this.#isCutOff = true;
  }

  /** Everything is shown, and the cursor stands at the begin of a line. Idempotent. */
  close(): void {
    this.#options.screen.out.off('resize', this.#onResize);
    this.#endThinking();
    this.#endProgress();
    this.#endView();
  }

  #think(text: string): void {
    const { screen, clock, view } = this.#options;
    this.#thinking ??= this.#beginThinking(clock.now());
    this.#thinking.text += text;
    if (this.#thinking.view) this.#thinking.view.write(text);
    else if (view.thoughts === 'hide') this.#progress?.text('thinking');
    else this.#progress?.text(`thinking · ${tailOf(this.#thinking.text, screen.columns - THINKING_COLUMNS)}`);
  }

  #beginThinking(sinceMs: number): Thinking {
    const { screen, view, newView } = this.#options;
    this.#endView();
    if (view.thoughts === 'show') {
      this.#endProgress();
      return { sinceMs, view: newView({ renders: view.renders, of: 'reasoning' }), text: '' };
    }
    this.#progress ??= screen.progress('thinking');
    return { sinceMs, view: undefined, text: '' };
  }

  #endThinking(): void {
    const thinking = this.#thinking;
    if (!thinking) return;
    this.#thinking = undefined;
    this.#endProgress();
    const { screen, clock, view } = this.#options;
    thinking.view?.end();
    if (view.thoughts === 'hide') return;
    const tokens = estimatedTokens(thinking.text);
    const more = view.thoughts === 'fold' ? '  (/think show)' : '';
    screen.note(
      `thought ${timeText(clock.now() - thinking.sinceMs)}, ~${countText(tokens)} ${tokens === 1 ? 'token' : 'tokens'}${more}`,
    );
  }

  #write(text: string): void {
    this.#endThinking();
    this.#endProgress();
    this.#view ??= this.#newView();
    this.#view.write(text);
    this.#text += text;
  }

  /** What was cut off in the midst of code goes on as code. */
  #newView(): AnswerView {
    const { newView, view } = this.#options;
    const made = newView({ renders: view.renders });
    const fence = this.#isCutOff && view.renders ? openFence(this.#text) : undefined;
    if (fence !== undefined) made.write(`${fence}\n`);
    this.#isCutOff = false;
    return made;
  }

  #beginAgain(why: Extract<AnswerEvent, { kind: 'again' }>['why']): void {
    this.#endThinking();
    this.#endProgress();
    this.#endView();
    this.#text = '';
    this.#isCutOff = false;
    const { screen } = this.#options;
    if (why === 'restarted') screen.note('the answer was begun again; all of it:');
    else screen.note('that was reasoning, not the answer');
  }

  #reconnecting(): void {
    if (this.#isCutOff) return;
    this.#endThinking();
    this.#endProgress();
    this.#endView();
    this.#isCutOff = true;
    this.#options.screen.note('the connection broke; the answer is followed as soon as the server is back');
    this.status('waiting for the server');
  }

  #endProgress(): void {
    this.#progress?.stop();
    this.#progress = undefined;
  }

  #endView(): void {
    this.#view?.end();
    this.#view = undefined;
  }
}

/** On one line, what was thought last. */
function tailOf(text: string, columns: number): string {
  let tail = text.slice(-Math.max(columns, 1)).replace(/\s+/g, ' ').trim();
  while (displayWidth(tail) > columns && tail !== '') tail = graphemes(tail).slice(1).join('');
  return tail;
}
