/** How a report looks on a terminal: the glyphs it may use, and colour, which is for verdicts only. */

export interface TerminalOptions {
  /** Columns of the terminal; the report is laid out for 80 at least and 120 at most. */
  readonly width: number;
  /** No glyphs beyond ASCII. */
  readonly ascii: boolean;
  readonly color: boolean;
  /** What was written, to be told at the end: `bench.json (gollama.bench/v1)`. */
  readonly saved: readonly string[];
}

export type Tone = 'good' | 'bad' | 'unsure';

export interface TerminalStyle {
  readonly width: number;
  readonly ascii: boolean;
  readonly marks: Readonly<Record<Tone, string>>;
  readonly dot: string;
  readonly rule: string;
  readonly axis: string;
  readonly bar: string;
  /** From the lowest to the highest; the first one is for nothing. */
  readonly levels: readonly string[];
  /** Text of a verdict in its colour. */
  tint(tone: Tone, text: string): string;
  /** A verdict as a badge: inverse where there is colour. */
  badge(tone: Tone, text: string): string;
}

const WIDTH_MIN = 80;
const WIDTH_MAX = 120;
const COLORS: Readonly<Record<Tone, number>> = { good: 32, bad: 31, unsure: 33 };

export function terminalStyle({ width, ascii, color }: TerminalOptions): TerminalStyle {
  const paint = (codes: string, text: string): string => (color ? `\u001b[${codes}m${text}\u001b[0m` : text);
  return {
    ...(ascii ? ASCII : BLOCKS),
    width: Math.min(WIDTH_MAX, Math.max(WIDTH_MIN, width)),
    ascii,
    tint: (tone, text) => paint(`${COLORS[tone]}`, text),
    badge: (tone, text) => paint(`1;7;${COLORS[tone]}`, ` ${text} `),
  };
}

const BLOCKS = {
  marks: { good: '✓', bad: '✗', unsure: '?' },
  dot: '·',
  rule: '─',
  axis: '┤',
  bar: '█',
  levels: [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
} as const;

const ASCII = {
  marks: { good: 'ok', bad: 'x', unsure: '?' },
  dot: '-',
  rule: '-',
  axis: '|',
  bar: '#',
  levels: [' ', '_', '.', ':', '-', '=', '+', '*', '#'],
} as const;
