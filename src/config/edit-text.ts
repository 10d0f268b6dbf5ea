/** The text of a YAML file cut and joined at a place. undefined: not possible by the text alone. */
import { isCollection, isMap, isPair, isScalar, isSeq, Scalar } from 'yaml';
import { endOf, isEmpty, type YamlPlace } from './edit-place.js';
import type { Path } from './tree.js';

const INDENT = 2;

/** `source` in place of the value that stands there; the rest of its line stays. */
export function replace(text: string, { node, pair }: YamlPlace, source: string): string | undefined {
  if (isEmpty(node)) {
    if (!pair) return undefined;
    const colon = text.indexOf(':', endOf(pair.key));
    return colon < 0 ? undefined : `${text.slice(0, colon + 1)} ${source}${text.slice(colon + 1)}`;
  }
  if (!node?.range || !isOnOneLine(node)) return undefined;
  const [start, end] = node.range;
  return text.slice(0, start) + source + text.slice(end);
}

/** New lines behind the last one of the collection that they belong to. */
export function insert(text: string, { container, pair, missing }: YamlPlace, source: string): string | undefined {
  const lineEnd = text.includes('\r\n') ? '\r\n' : '\n';
  const lines = nestedLines(missing, source);
  if (container === undefined) return joined(text, text.length, lines, lineEnd);
  if (container.flow) return pair ? undefined : insertInFlow(text, container, missing, source);
  const first = pair ?? container.items[0];
  const start = isPair(first) ? startOf(first.key) : startOf(container);
  const column = columnOf(text, start);
  // Tabs do not indent in YAML, so what stands before is blanks, or the dash of an item.
  const margin = ' '.repeat(column + (pair ? INDENT : 0));
  const isTop = !pair && column === 0 && isMap(container) && text.slice(endOf(container)).search(/^(---|\.\.\.)/m) < 0;
  return joined(
    text,
    isTop ? text.length : endOf(pair ?? container),
    lines.map((line) => margin + line),
    lineEnd,
  );
}

/** Behind the last item between the brackets. */
function insertInFlow(
  text: string,
  container: NonNullable<YamlPlace['container']>,
  [step, ...deeper]: Path,
  source: string,
): string | undefined {
  if (step === undefined || deeper.length > 0) return undefined;
  const added = typeof step === 'number' ? source : `${step}: ${source}`;
  const last = container.items.at(-1);
  const at = last === undefined ? startOf(container) + 1 : endOf(last);
  return `${text.slice(0, at)}${last === undefined ? '' : ', '}${added}${text.slice(at)}`;
}

/** Whole lines away: the key, its value, and what stands behind the value. */
export function cutOut(text: string, { container, pair }: YamlPlace): string | undefined {
  if (!pair || !isMap(container) || container.flow || container.items.length < 2) return undefined;
  const key = startOf(pair.key);
  const start = text.lastIndexOf('\n', key - 1) + 1;
  // In front of the first key of an item stands its dash.
  if (text.slice(start, key).trim() !== '') return undefined;
  return text.slice(0, start) + text.slice(nextLine(text, endOf(pair)));
}

/** `queue`, `max_waiting` and `5` as the lines `queue:` and `  max_waiting: 5`. */
export function nestedLines(path: Path, source: string): string[] {
  const [step, ...rest] = path;
  if (step === undefined) return [source];
  const below = nestedLines(rest, source);
  if (typeof step === 'number') return below.map((line, at) => `${at === 0 ? '- ' : '  '}${line}`);
  if (rest.length === 0) return [`${step}: ${source}`];
  return [`${step}:`, ...below.map((line) => ' '.repeat(INDENT) + line)];
}

function joined(text: string, end: number, lines: readonly string[], lineEnd: string): string {
  const at = nextLine(text, end);
  const before = text.slice(0, at);
  const gap = before === '' || before.endsWith('\n') ? '' : lineEnd;
  return before + gap + lines.map((line) => line + lineEnd).join('') + text.slice(at);
}

/** A block scalar ends behind its last line already. */
function nextLine(text: string, end: number): number {
  if (end > 0 && text[end - 1] === '\n') return end;
  const lineEnd = text.indexOf('\n', end);
  return lineEnd < 0 ? text.length : lineEnd + 1;
}

function isOnOneLine(node: unknown): boolean {
  if (isCollection(node)) return node.flow === true && (isMap(node) || isSeq(node));
  return isScalar(node) && node.type !== Scalar.BLOCK_LITERAL && node.type !== Scalar.BLOCK_FOLDED;
}

function startOf(node: unknown): number {
  return (node as { range?: readonly number[] | null } | null | undefined)?.range?.[0] ?? 0;
}

function columnOf(text: string, offset: number): number {
  return offset - (text.lastIndexOf('\n', offset - 1) + 1);
}
