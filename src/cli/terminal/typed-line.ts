/** One line while it is typed: what a key does to it, and how it looks. A state machine without a terminal. */
import { type Completion, candidateRows, commonBeginning } from './completion.js';
import {
  EDITS,
  type EditBuffer,
  EMPTY_BUFFER,
  insert,
  isOnFirstLine,
  isOnLastLine,
  moveByLine,
  replaceText,
} from './edit-buffer.js';
import { readEntry } from './entry.js';
import { FoldedText } from './folded-text.js';
import { EMPTY_SEARCH, type HistorySearch, indexOfQuery, searchFor, searchOn } from './history-search.js';
import type { TerminalInput } from './key-filter.js';
import type { LineResult } from './line-reader.js';
import { draw, type Picture } from './picture.js';

export type LineEffect = LineResult | { readonly kind: 'none' | 'complete' | 'suspend' | 'clear-screen' };

export interface LineLook {
  readonly prompt: string;
  readonly continuation: string;
  readonly columns: number;
  readonly screenRows: number;
  /** For what is not the text itself. */
  readonly dim: (text: string) => string;
}

const NONE: LineEffect = { kind: 'none' };
const UNDO_MAX = 200;
/** Of a long entry that was found. */
const FOUND_SHOWN_MAX = 2_000;

interface Searching {
  readonly search: HistorySearch;
  /** What comes back where the search is given up. */
  readonly before: EditBuffer;
}

export class TypedLine {
  readonly #folded = new FoldedText();
  readonly #entries: readonly string[];
  /** Of the entry that is shown; their number: what was typed here. */
  #entry: number;
  #draft = '';
  #buffer: EditBuffer;
  #undo: EditBuffer[] = [];
  #searching: Searching | undefined;
  #candidates: readonly string[] = [];

  /** `entries`: the history, oldest first. */
  constructor(entries: readonly string[], prefill = '') {
    this.#entries = entries;
    this.#entry = entries.length;
    this.#buffer = replaceText(EMPTY_BUFFER, this.#folded.fold(prefill));
  }

  get text(): string {
    return this.#buffer.text;
  }

  get cursor(): number {
    return this.#buffer.cursor;
  }

  press(input: TerminalInput): LineEffect {
    this.#candidates = [];
    if (this.#searching) return this.#pressInSearch(input, this.#searching);
    if (input.kind === 'key') return this.#pressKey(input.name);
    const isCut = input.kind === 'paste' && input.isCut;
    this.#set(insert(this.#buffer, this.#folded.fold(input.text, isCut)));
    return NONE;
  }

  /** Puts in what is certain, and shows the choice where nothing more is. */
  complete({ candidates, start }: Completion): void {
    if (candidates.length === 0) return;
    const { text, cursor } = this.#buffer;
    const typed = text.slice(start, cursor);
    const certain = commonBeginning(candidates);
    if (candidates.length === 1 || (certain.length > typed.length && certain.startsWith(typed))) {
      this.#set({
        ...this.#buffer,
        text: text.slice(0, start) + certain + text.slice(cursor),
        cursor: start + certain.length,
      });
    } else {
      this.#candidates = candidates;
    }
  }

  /** As it is left on the screen: whole, with the cursor behind it. */
  close(): void {
    this.#candidates = [];
    this.#searching = undefined;
    this.#buffer = { ...this.#buffer, cursor: this.#buffer.text.length };
  }

  draw(look: LineLook): Picture {
    if (this.#searching) return this.#drawSearch(this.#searching.search, look);
    return draw({
      ...look,
      continuation: look.dim(look.continuation),
      text: this.#buffer.text,
      cursor: this.#buffer.cursor,
      label: (character) => this.#folded.label(character),
      below: candidateRows(this.#candidates, look.columns),
    });
  }

  #pressKey(name: string): LineEffect {
    switch (name) {
      case 'enter':
        return this.#enter();
      case 'ctrl+c':
        return { kind: 'interrupt', wasEmpty: this.#buffer.text === '' };
      case 'ctrl+d':
        if (this.#buffer.text === '') return { kind: 'end' };
        break;
      case 'ctrl+g':
        return { kind: 'edit', text: this.#folded.unfold(this.#buffer.text) };
      case 'ctrl+l':
        return { kind: 'clear-screen' };
      case 'ctrl+z':
        return { kind: 'suspend' };
      case 'tab':
        return { kind: 'complete' };
      case 'ctrl+r':
        this.#searching = { search: EMPTY_SEARCH, before: this.#buffer };
        return NONE;
      case 'up':
      case 'ctrl+p':
        this.#up();
        return NONE;
      case 'down':
      case 'ctrl+n':
        this.#down();
        return NONE;
      case 'ctrl+_':
        this.#buffer = this.#undo.pop() ?? this.#buffer;
        return NONE;
    }
    const edit = EDITS[name];
    if (edit) this.#set(edit(this.#buffer));
    return NONE;
  }

  #enter(): LineEffect {
    const entry = readEntry(this.#buffer.text);
    if (entry.kind === 'whole') return { kind: 'line', text: this.#folded.unfold(entry.text) };
    if (entry.text !== this.#buffer.text) this.#set(replaceText(this.#buffer, entry.text));
    this.#set(insert(this.#buffer, '\n'));
    return NONE;
  }

  #up(): void {
    if (isOnFirstLine(this.#buffer)) this.#recall(this.#entry - 1);
    else this.#buffer = moveByLine(this.#buffer, -1);
  }

  #down(): void {
    if (isOnLastLine(this.#buffer)) this.#recall(this.#entry + 1);
    else this.#buffer = moveByLine(this.#buffer, 1);
  }

  #recall(entry: number): void {
    if (entry < 0 || entry > this.#entries.length) return;
    if (this.#entry === this.#entries.length) this.#draft = this.#buffer.text;
    this.#entry = entry;
    const recalled = this.#entries[entry];
    this.#set(replaceText(this.#buffer, recalled === undefined ? this.#draft : this.#folded.fold(recalled)));
  }

  #set(buffer: EditBuffer): void {
    if (buffer.text !== this.#buffer.text) {
      this.#undo.push(this.#buffer);
      if (this.#undo.length > UNDO_MAX) this.#undo.shift();
    }
    this.#buffer = buffer;
  }

  #pressInSearch(input: TerminalInput, { search, before }: Searching): LineEffect {
    const go = (next: HistorySearch) => {
      this.#searching = { search: next, before };
      return NONE;
    };
    if (input.kind !== 'key') {
      return go(searchFor(this.#entries, search, search.query + input.text.replaceAll('\n', ' ')));
    }
    switch (input.name) {
      case 'ctrl+r':
        return go(searchOn(this.#entries, search, -1));
      case 'ctrl+s':
        return go(searchOn(this.#entries, search, 1));
      case 'backspace':
        return go(searchFor(this.#entries, search, [...search.query].slice(0, -1).join('')));
      case 'ctrl+c':
      case 'ctrl+g':
        this.#searching = undefined;
        return NONE;
    }
    this.#searching = undefined;
    if (search.found !== undefined) this.#recall(search.found);
    return input.name === 'escape' ? NONE : this.#pressKey(input.name);
  }

  #drawSearch({ query, found }: HistorySearch, look: LineLook): Picture {
    const text = found === undefined ? '' : (this.#entries[found] ?? '').slice(0, FOUND_SHOWN_MAX);
    const what = query !== '' && found === undefined ? 'not in the history' : 'in the history';
    return draw({
      ...look,
      text,
      cursor: Math.min(Math.max(indexOfQuery(text, query), 0), text.length),
      below: [`${what}: ${query}_   (Ctrl+R older, Enter takes it, Ctrl+C gives up)`],
    });
  }
}
