/** `gollama serve` as somebody sees it who watches it start. */
import { Client } from '../client/client.js';
import type { EngineReport } from '../protocol/status.js';
import { durationText } from './duration-text.js';
import { type Progress, showProgress } from './progress.js';

export class ServeTerminal {
  readonly say: (line: string) => void;
  #progress: Progress | undefined;

  constructor(say: (line: string) => void) {
    this.say = say;
  }

  starting(engines: readonly EngineReport[] | undefined): void {
    const waiting = engines?.filter(({ state }) => state !== 'ready') ?? [];
    if (waiting.length === 0) {
      this.#progress?.stop();
      this.#progress = undefined;
      return;
    }
    const text = waiting.map(({ name, state, last_error }) => `${name}: ${last_error ?? state}`).join(' · ');
    if (this.#progress) this.#progress.text(text);
    else this.#progress = showProgress(text);
  }

  async identify(url: string): Promise<{ words: string; pid: number | undefined } | undefined> {
    try {
      const { version, uptime_s, pid } = await new Client({ baseUrl: url, timeoutMs: 1_000 }).status();
      const process = pid === undefined ? '' : `pid ${pid}, `;
      return { words: `gollama ${version} (${process}up ${durationText(uptime_s)})`, pid };
    } catch {
      return undefined;
    }
  }
}
