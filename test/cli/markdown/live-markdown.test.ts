import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/base/random.js';
import type { Block } from '../../../src/cli/markdown/blocks.js';
import { LiveMarkdown } from '../../../src/cli/markdown/live-markdown.js';
import { MarkdownRenderer, renderMarkdown } from '../../../src/cli/markdown/render.js';
import { createStyle } from '../../../src/cli/terminal/style.js';
import { TerminalScreen } from '../../support/terminal-screen.js';
import { CORPUS } from './corpus.js';

const PLAIN = createStyle(false);
const SEED = 20_261_120;

/** It reads a stream of characters, as terminals do: how they were cut into writes is not seen. */
class Screen {
  readonly #screen: TerminalScreen;

  constructor(columns: number, rows: number) {
    this.#screen = new TerminalScreen(columns, rows);
  }

  get columns(): number {
    return this.#screen.columns;
  }

  get rows(): number {
    return this.#screen.rows;
  }

  get text(): string {
    return this.#screen.everything.join('\n');
  }

  get cursor() {
    return this.#screen.cursor;
  }

  write(text: string): void {
    for (const character of text.replaceAll('\n', '\r\n')) this.#screen.write(character);
  }

  resize(columns: number, rows: number): void {
    this.#screen.resize(columns, rows, 'reflow');
  }
}

function shown(chunks: readonly string[], screen: Screen, hasColor = false): string {
  const live = new LiveMarkdown(screen, new MarkdownRenderer(createStyle(hasColor)));
  for (const chunk of chunks) live.write(chunk);
  live.end();
  return screen.text;
}

function chunked(text: string, random: () => number): readonly string[] {
  const chunks: string[] = [];
  const lengthMax = 1 + Math.floor(random() * 40);
  for (let at = 0; at < text.length; ) {
    const length = 1 + Math.floor(random() * lengthMax);
    chunks.push(text.slice(at, at + length));
    at += length;
  }
  return chunks;
}

describe('live Markdown', () => {
  const texts = { ...CORPUS, everything: Object.values(CORPUS).join('\n\n') };

  it.each(Object.entries(texts))('ends with the same screen however %s is cut into chunks', (_name, text) => {
    const random = seededRandom(SEED);
    for (const [columns, rows] of [
      [80, 24],
      [24, 8],
      [11, 4],
      [130, 50],
    ] as const) {
      const whole = shown([text], new Screen(columns, rows), true);
      expect(whole).not.toBe('');
      for (let round = 0; round < 6; round += 1) {
        const chunks = chunked(text, random);
        const told = `seed ${SEED}, ${columns}x${rows}, chunks ${JSON.stringify(chunks)}`;
        expect(shown(chunks, new Screen(columns, rows), true), told).toBe(whole);
      }
      expect(shown([...text], new Screen(columns, rows), true)).toBe(whole);
    }
  });

  it.each(Object.entries(CORPUS))(
    'ends as the whole text rendered at once, where %s fits the screen',
    (_name, text) => {
      const whole = new Screen(90, 400);
      whole.write(renderMarkdown(text, 90, PLAIN));
      expect(shown([...text], new Screen(90, 400))).toBe(whole.text);
    },
  );

  it('ends with the same screen however any text is cut into chunks', () => {
    const random = seededRandom(SEED);
    const parts = [
      ...'# |- |1. |> |```|~~~|\n|\n|\n\n|    |\t|word |**|`|---|中文|$$|👍🏽|<b>|x|a | b'.split('|'),
      '|',
    ];
    for (let round = 0; round < 150; round += 1) {
      const text = Array.from({ length: 60 }, () => parts[Math.floor(random() * parts.length)]).join('');
      const chunks = chunked(text, random);
      const told = `seed ${SEED}, round ${round}, chunks ${JSON.stringify(chunks)}`;
      const [columns, rows] = round % 2 === 0 ? [14, 5] : [40, 24];
      expect(shown(chunks, new Screen(columns, rows), true), told).toBe(shown([text], new Screen(columns, rows), true));
    }
  });

  it('leaves the cursor at the begin of a line', () => {
    for (const text of Object.values(CORPUS)) {
      const screen = new Screen(40, 10);
      shown(chunked(text, seededRandom(SEED)), screen);
      expect(screen.cursor.column).toBe(0);
    }
  });

  it('shows text as it comes, and rendered as soon as its block is finished', () => {
    const screen = new Screen(40, 10);
    const live = new LiveMarkdown(screen, new MarkdownRenderer(PLAIN));
    live.write('some **bo');
    expect(screen.text).toBe('some **bo');
    live.write('ld** text\n');
    expect(screen.text).toBe('some **bold** text');
    live.write('\n- a');
    expect(screen.text).toBe('some bold text\n\n- a');
    live.write('bc\n- d\n');
    expect(screen.text).toBe('some bold text\n\n• abc\n- d');
    live.end();
    expect(screen.text).toBe('some bold text\n\n• abc\n• d');
  });

  it('shows long code part by part, rendered, and nothing twice', () => {
    const screen = new Screen(60, 10);
    const lines = Array.from({ length: 300 }, (_, at) => `line(${at});`);
    shown([...`\`\`\`js\n${lines.join('\n')}\n\`\`\`\n`], screen, true);
    expect(screen.text.split('\n')).toEqual(lines.map((line) => `  ${line}`));
  });

  it('leaves a block as it was written that is taller than the screen, and all that stands above it', () => {
    const screen = new Screen(20, 6);
    const text = `above\n\n| a | b |\n|---|---|\n${'| 1 | 2 |\n'.repeat(9)}\n**below**\n`;
    expect(shown([...text], screen)).toBe(text.replace('**below**', 'below').trimEnd());
  });

  it('draws nothing anew where the text is its own rendering', () => {
    let written = '';
    const terminal = { columns: 80, rows: 24, write: (text: string) => (written += text) };
    const live = new LiveMarkdown(terminal, new MarkdownRenderer(PLAIN));
    for (const character of 'Plain text.\n\nMore of it, 你好.\n') live.write(character);
    live.end();
    expect(written).toBe('Plain text.\n\nMore of it, 你好.\n');
  });

  it('hides what is half drawn from terminals that can', () => {
    let written = '';
    const terminal = { columns: 80, rows: 24, write: (text: string) => (written += `${text}|`) };
    const live = new LiveMarkdown(terminal, new MarkdownRenderer(PLAIN));
    live.write('**a**');
    live.write('\n\n');
    expect(written).toBe('**a**|\u001b[?2026h\r\u001b[Ja\n\u001b[?2026l|');
  });

  it('renders each character once, but for the code before a part of code', () => {
    const text = `${texts.everything}\n\n\`\`\`js\n${'call(1, 2);\n'.repeat(5_000)}\`\`\`\n\n${'- item\n'.repeat(2_000)}\n`;
    const renderer = new MarkdownRenderer(PLAIN);
    let lexed = 0;
    let mostAtOnce = 0;
    const counting = {
      lines: (block: Block, width: number) => {
        const size = block.kind === 'code' ? block.code.length + block.before.length : block.text.length;
        lexed += block.kind === 'code' ? block.code.length : size;
        mostAtOnce = Math.max(mostAtOnce, size);
        return renderer.lines(block, width);
      },
    };
    const live = new LiveMarkdown({ columns: 80, rows: 24, write: () => {} }, counting);
    for (const chunk of chunked(text, seededRandom(SEED))) live.write(chunk);
    live.end();
    expect(lexed).toBeLessThanOrEqual(text.length);
    expect(lexed).toBeGreaterThan(text.length / 2);
    expect(mostAtOnce).toBeLessThan(4_000);
  });
});

describe('a resize during an answer', () => {
  const body = `${'one two three four five '.repeat(4)}**six**`;

  const bare = (text: string) => text.replace(/[\s*]/g, '');

  it.each([
    [30, 12],
    [90, 12],
    [60, 30],
    [25, 4],
    [100, 5],
  ])('to %dx%d loses no text and eats no line above', (columns, rows) => {
    const screen = new Screen(60, 12);
    const live = new LiveMarkdown(screen, new MarkdownRenderer(PLAIN));
    live.write('above one\n\nabove two\n\n');
    live.write(body);
    screen.resize(columns, rows);
    live.resize(columns, rows);
    live.write(' seven\n\n## Next\n\nlast **word**\n');
    live.end();
    const written = `above one above two ${body} seven ## Next last word`;
    expect(bare(screen.text)).toBe(bare(written));
    expect(screen.text).toMatch(/^above one\n\nabove two\n\n/);
    // After it, everything is rendered again.
    expect(screen.text).toMatch(/\n\n## Next\n\nlast word$/);
  });

  it('to more columns renders what was open', () => {
    const screen = new Screen(60, 12);
    const live = new LiveMarkdown(screen, new MarkdownRenderer(PLAIN));
    live.write(body);
    screen.resize(90, 12);
    live.resize(90, 12);
    live.write('\n\n');
    expect(screen.text).not.toContain('*');
  });
});
