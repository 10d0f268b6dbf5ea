/**
 * One key of a YAML text set or taken away. The text is cut and joined, so that comments, order, quotes and blanks stay as
 * they are; what comes of that must read as what the YAML library makes of the same change, whose text is taken otherwise.
 */
import { type Document, isMap, isScalar, type Node, parseDocument, Scalar } from 'yaml';
import { GollamaError } from '../base/errors.js';
import { formatKey, type Target } from './edit-key.js';
import { isEmpty, placeIn, type YamlPlace } from './edit-place.js';
import { cutOut, insert, nestedLines, replace } from './edit-text.js';
import { type QuoteStyle, valueSource } from './edit-value.js';
import type { Path } from './tree.js';

export interface Edit {
  /** As the file spells it. */
  readonly path: Path;
  readonly target: Target;
  /** As typed; undefined: the key is taken away. */
  readonly value: string | undefined;
}

/** The text after the change. Throws GollamaError `usage`. */
export function editYaml(text: string, edit: Edit): string {
  const before = parseDocument(text);
  if (before.errors.length > 0) throw new GollamaError('configuration', 'the file is no YAML');
  const place = placeIn(before, edit.path);
  checkBegun(edit.path, place);
  if (edit.value === undefined && (place.missing.length > 0 || place.container === undefined)) {
    throw new GollamaError('not_found', `${formatKey(edit.path)} is not set in the file`);
  }
  const source = edit.value === undefined ? undefined : valueSource(edit.value, edit.target, styleOf(place));
  const joined = source === undefined ? cutOut(text, place) : changed(text, place, source);
  const document = parseDocument(text);
  apply(document, edit.path, source);
  if (joined !== undefined && reads(joined, document)) return joined;
  return document.toString(styleOfText(text));
}

/** The same for JSON, which has no comments to lose. */
export function editJson(text: string, edit: Edit): string {
  const document = parseDocument(text.trim() === '' ? '{}' : text);
  const source = edit.value === undefined ? undefined : valueSource(edit.value, edit.target, 'plain');
  apply(document, edit.path, source);
  return `${JSON.stringify(document.toJS(), null, 2)}\n`;
}

/** A list that is not there begins with its first item. */
function checkBegun(path: Path, { missing }: YamlPlace): void {
  const at = missing.findIndex((step, index) => index > 0 && typeof step === 'number' && step > 0);
  if (at < 0) return;
  const list = path.slice(0, path.length - missing.length + at);
  throw new GollamaError('usage', `${formatKey(list)}: the list has no items`, {
    hint: `the first one is ${formatKey([...list, 0])}`,
  });
}

function changed(text: string, place: YamlPlace, source: string): string | undefined {
  return place.missing.length === 0 ? replace(text, place, source) : insert(text, place, source);
}

/** The change as the YAML library makes it. */
function apply(document: Document, path: Path, source: string | undefined): void {
  const place = placeIn(document, path);
  const { container, pair, missing } = place;
  if (source === undefined) {
    document.deleteIn(path);
    return;
  }
  const value = parseDocument(
    nestedLines(pair && missing.length === 0 ? [] : belowOf(place), source).join('\n'),
  ).contents;
  if (container === undefined) document.contents = value as typeof document.contents;
  else if (pair) pair.value = keepingComment(pair.value, value);
  else if (isMap(container)) container.set(String(missing[0]), value);
  else if (missing.length > 0) container.items.push(value);
  else container.items[Number(path.at(-1))] = value;
}

/** The steps that the new node itself has to make: a map's own key comes from the map. */
function belowOf({ container, pair, missing }: YamlPlace): Path {
  return container === undefined || pair ? missing : missing.slice(1);
}

function keepingComment(before: unknown, after: Node | null): Node | null {
  if (isScalar(before) && isScalar(after) && before.comment) after.comment = before.comment;
  return after;
}

function reads(text: string, wanted: Document): boolean {
  const document = parseDocument(text);
  return document.errors.length === 0 && JSON.stringify(document.toJS()) === JSON.stringify(wanted.toJS());
}

function styleOf({ node, missing }: YamlPlace): QuoteStyle {
  if (missing.length > 0 || !isScalar(node) || isEmpty(node)) return 'plain';
  if (node.type === Scalar.QUOTE_SINGLE) return 'single';
  return node.type === Scalar.QUOTE_DOUBLE ? 'double' : 'plain';
}

/** How the text is laid out, as far as the library can do the same. */
function styleOfText(text: string) {
  const indent = /^( +)[\w-]/m.exec(text)?.[1]?.length ?? 2;
  return {
    lineWidth: 0,
    indent: Math.min(8, Math.max(1, indent)),
    indentSeq: !/^( *)[\w-]+:[^\n]*\n\1- /m.test(text),
    flowCollectionPadding: /[[{] \S/.test(text),
  };
}
