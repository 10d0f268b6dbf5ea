/** Code in the Markdown of an answer: what is inside its fences. Pure. */

export interface CodeFence {
  readonly language: string;
  /** As it was written, with a line break at its end. */
  readonly code: string;
}

interface OpenFence {
  /** The whole line that begins it. */
  readonly line: string;
  readonly mark: string;
  readonly language: string;
  readonly lines: string[];
}

const BEGIN = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})[ \t]*(\S*)/;

/** Those that have ended, and the text of one that has not. */
export function codeFences(markdown: string): readonly CodeFence[] {
  const { closed, open } = read(markdown);
  return open === undefined ? closed : [...closed, fenceOf(open)];
}

/** The line that began the code in whose midst the text ends; undefined where it ends outside of any. */
export function openFence(markdown: string): string | undefined {
  return read(markdown).open?.line;
}

function read(markdown: string): { closed: CodeFence[]; open: OpenFence | undefined } {
  const closed: CodeFence[] = [];
  let open: OpenFence | undefined;
  for (const line of markdown.split('\n')) {
    if (open === undefined) {
      const [, mark, language = ''] = BEGIN.exec(line) ?? [];
      if (mark !== undefined) open = { line, mark, language, lines: [] };
    } else if (isEnd(line, open.mark)) {
      closed.push(fenceOf(open));
      open = undefined;
    } else {
      open.lines.push(line);
    }
  }
  return { closed, open };
}

/** At least as long as what began it. */
function isEnd(line: string, mark: string): boolean {
  const bare = line.trim();
  return bare.startsWith(mark) && bare === (mark[0] ?? '').repeat(bare.length);
}

function fenceOf({ language, lines }: OpenFence): CodeFence {
  return { language, code: lines.map((line) => `${line}\n`).join('') };
}
