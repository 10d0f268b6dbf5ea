/**
 * What a terminal sends, as keys, typed text and pastes. It keeps what a read cut in two, and holds no timer: an Escape at the
 * end of a read may be the key or the beginning of a sequence, and whoever reads says after a while (`flush`) which it was.
 *
 * Sequences: XTerm Control Sequences (invisible-island.net/xterm/ctlseqs), with the spellings of rxvt and the Linux console,
 * `modifyOtherKeys` and the keyboard protocol of kitty.
 */

export type TerminalInput =
  | { readonly kind: 'text'; readonly text: string }
  /** With line ends as `\n`. `isCut`: it was longer than the bound. */
  | { readonly kind: 'paste'; readonly text: string; readonly isCut: boolean }
  /** `enter`, `ctrl+c`, `alt+b`, `ctrl+shift+left`: modifiers in the order ctrl, alt, shift. */
  | { readonly kind: 'key'; readonly name: string };

/** More than any model reads. */
const PASTE_LENGTH_MAX = 16 * 1024 * 1024;
/** No sequence is that long: what has not ended by then is none. */
const SEQUENCE_LENGTH_MAX = 64;
const PASTE_BEGIN = '\x1b[200~';
const PASTE_END = '\x1b[201~';

const TYPED = /[^\x00-\x1f\x7f-\x9f]+/y;
const BEGUN = /\x1b(?:\[\[?[0-9;:<=>?]*[ -/]*|O)?$/y;
const CONTROL_SEQUENCE = /\x1b\[(\[?[0-9;:<=>?]*)[ -/]*([@-~])/y;
const SHIFTED_SEQUENCE = /\x1bO([ -~])/y;
const ESCAPED = /\x1b([^\x1b])/uy;

const BY_FINAL: Readonly<Record<string, string>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  F: 'end',
  H: 'home',
  Z: 'shift+tab',
  a: 'shift+up',
  b: 'shift+down',
  c: 'shift+right',
  d: 'shift+left',
};
const BY_NUMBER: Readonly<Record<string, string>> = {
  1: 'home',
  2: 'insert',
  3: 'delete',
  4: 'end',
  5: 'pageup',
  6: 'pagedown',
  7: 'home',
  8: 'end',
};
/** rxvt tells Ctrl and an arrow that way; M is the Enter of the keypad. */
const BY_SHIFTED: Readonly<Record<string, string>> = { ...BY_FINAL, M: 'enter', c: 'ctrl+right', d: 'ctrl+left' };
const BY_CODE: Readonly<Record<number, string>> = {
  8: 'backspace',
  9: 'tab',
  13: 'enter',
  27: 'escape',
  127: 'backspace',
};

export class KeyFilter {
  #pending = '';
  /** The pieces of a paste that has not ended. */
  #paste: string[] | undefined;
  #pasteLength = 0;

  /** Something has begun that may be an Escape alone. */
  get isWaiting(): boolean {
    return this.#paste === undefined && this.#pending !== '';
  }

  feed(chunk: string): TerminalInput[] {
    const inputs: TerminalInput[] = [];
    let rest = this.#pending + chunk;
    this.#pending = '';
    while (rest !== '') rest = this.#paste ? this.#endPaste(rest, inputs) : this.#keys(rest, inputs);
    return inputs;
  }

  /** Nothing follows what has begun. */
  flush(): TerminalInput[] {
    if (!this.isWaiting) return [];
    const begun = this.#pending;
    this.#pending = '';
    if (begun === '\x1b') return [{ kind: 'key', name: 'escape' }];
    return begun.length === 2 ? [{ kind: 'key', name: `alt+${begun.charAt(1).toLowerCase()}` }] : [];
  }

  /** Up to the beginning of a paste; what stands behind it. */
  #keys(text: string, inputs: TerminalInput[]): string {
    for (let at = 0; at < text.length; ) {
      if (text.startsWith(PASTE_BEGIN, at)) {
        this.#paste = [];
        this.#pasteLength = 0;
        return text.slice(at + PASTE_BEGIN.length);
      }
      if (text.length - at < SEQUENCE_LENGTH_MAX && matchAt(BEGUN, text, at)) {
        this.#pending = text.slice(at);
        return '';
      }
      const { input, length } = inputAt(text, at);
      if (input) inputs.push(input);
      at += length;
    }
    return '';
  }

  /** Up to the end of the paste; what stands behind it. */
  #endPaste(text: string, inputs: TerminalInput[]): string {
    const end = text.indexOf(PASTE_END);
    // The mark of the end may be cut in two.
    const known = end === -1 ? text.length - (PASTE_END.length - 1) : end;
    if (known > 0) this.#keep(text.slice(0, known));
    if (end === -1) {
      this.#pending = text.slice(Math.max(known, 0));
      return '';
    }
    const pasted = (this.#paste ?? []).join('');
    inputs.push({ kind: 'paste', text: pasted.replace(/\r\n?/g, '\n'), isCut: this.#pasteLength > PASTE_LENGTH_MAX });
    this.#paste = undefined;
    return text.slice(end + PASTE_END.length);
  }

  #keep(piece: string): void {
    const room = PASTE_LENGTH_MAX - this.#pasteLength;
    if (room > 0) this.#paste?.push(piece.slice(0, room));
    this.#pasteLength += piece.length;
  }
}

interface Read {
  /** Undefined: nothing that anybody asked for. */
  readonly input: TerminalInput | undefined;
  readonly length: number;
}

function inputAt(text: string, at: number): Read {
  const typed = matchAt(TYPED, text, at);
  if (typed) return { input: { kind: 'text', text: typed[0] }, length: typed[0].length };
  if (text[at] !== '\x1b') return { input: controlKey(text.charCodeAt(at)), length: 1 };
  const sequence = matchAt(CONTROL_SEQUENCE, text, at);
  if (sequence) return { input: sequenceKey(sequence[1] ?? '', sequence[2] ?? ''), length: sequence[0].length };
  const shifted = matchAt(SHIFTED_SEQUENCE, text, at);
  if (shifted) return { input: key(BY_SHIFTED[shifted[1] ?? '']), length: shifted[0].length };
  const escaped = matchAt(ESCAPED, text, at);
  if (!escaped) return { input: key('escape'), length: 1 };
  // A sequence that is none: its beginning is not text.
  if (escaped[1] === '[' || escaped[1] === 'O') return { input: undefined, length: 2 };
  return { input: escapedKey(escaped[1] ?? ''), length: escaped[0].length };
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function key(name: string | undefined): TerminalInput | undefined {
  return name === undefined ? undefined : { kind: 'key', name };
}

/** C0 and DEL; the controls of C1 are none that a keyboard sends. */
function controlKey(code: number): TerminalInput | undefined {
  if (code >= 0x80) return undefined;
  if (code === 0) return key('ctrl+space');
  // Backspace on one keyboard, Ctrl and Backspace on another; nobody else sends it.
  if (code === 8) return key('backspace');
  return key(BY_CODE[code] ?? `ctrl+${String.fromCharCode(code + 0x40).toLowerCase()}`);
}

function escapedKey(character: string): TerminalInput | undefined {
  const code = character.codePointAt(0) ?? 0;
  if (code === 10) return key('alt+enter');
  if (code < 0x20 || code === 0x7f) return key(BY_CODE[code] ? `alt+${BY_CODE[code]}` : undefined);
  return key(`alt+${character.toLowerCase()}`);
}

function sequenceKey(parameters: string, final: string): TerminalInput | undefined {
  // What a terminal answers, what a mouse tells, and the function keys of the Linux console.
  if (/^[[<=>?]/.test(parameters)) return undefined;
  const [first = '', second = '', third = ''] = parameters.split(';');
  const modifiers = modifiersOf(second);
  if (final === '~' && first === '27') return codeKey(Number(third), modifiers);
  if (final === 'u') return codeKey(Number.parseInt(first, 10), modifiers);
  const name = final === '~' ? BY_NUMBER[first] : BY_FINAL[final];
  return key(name && modifiers + name);
}

function codeKey(code: number, modifiers: string): TerminalInput | undefined {
  if (!Number.isInteger(code) || code <= 0 || code > 0x10ffff) return undefined;
  const named = BY_CODE[code];
  if (named) return key(modifiers + named);
  // Keys without a character of their own have numbers in the area for private use.
  if (code < 0x20 || (code >= 0xe000 && code <= 0xf8ff)) return undefined;
  const character = String.fromCodePoint(code);
  if (modifiers === '' || modifiers === 'shift+') return { kind: 'text', text: character };
  return key(modifiers + character.toLowerCase());
}

/** One more than the sum of shift 1, alt 2, ctrl 4. */
function modifiersOf(parameter: string): string {
  const bits = Math.max(Number.parseInt(parameter, 10) || 1, 1) - 1;
  return `${bits & 4 ? 'ctrl+' : ''}${bits & 2 ? 'alt+' : ''}${bits & 1 ? 'shift+' : ''}`;
}
