/** What the user typed as a value, as YAML source text that the loader reads back as just that. */
import { isMap, isScalar, isSeq, parseDocument } from 'yaml';
import { GollamaError } from '../base/errors.js';
import { formatKey, type Target } from './edit-key.js';

export type QuoteStyle = 'plain' | 'single' | 'double';

/** One line of YAML. Lists are typed as in YAML, or comma separated as in a variable. Throws GollamaError `usage`. */
export function valueSource(typed: string, { path, field, isItem }: Target, style: QuoteStyle): string {
  const isBlocks = field?.kind === undefined;
  if (field && !field.list) return scalarSource(typed, style);
  if (isItem)
    return isBlocks || typed.startsWith('{') ? collectionSource(typed, path, isMap) : scalarSource(typed, style);
  if (!field) return collectionSource(typed, path, isMap);
  if (isBlocks || typed.trimStart().startsWith('[')) return collectionSource(typed, path, isSeq);
  const items = typed.split(',').flatMap((item) => item.trim() || []);
  return `[${items.map((item) => scalarSource(item, 'plain', true)).join(', ')}]`;
}

/** The text in the quotes that stood there before, and without any only where YAML would read back the same. */
export function scalarSource(text: string, style: QuoteStyle, isInFlow = false): string {
  if (style === 'single' && !/[\n\r]/.test(text)) return `'${text.replaceAll("'", "''")}'`;
  return style === 'plain' && isPlain(text, isInFlow) ? text : JSON.stringify(text);
}

function isPlain(text: string, isInFlow: boolean): boolean {
  if (/^[\s:*&!%@`'"#[\]{}>|,?~-]/.test(text) && !/^-\d/.test(text)) return false;
  if (/[\n\r]/.test(text) || (isInFlow && /[,[\]{}]/.test(text))) return false;
  const { contents, errors, warnings } = parseDocument(text);
  return (
    errors.length + warnings.length === 0 &&
    isScalar(contents) &&
    contents.value !== null &&
    contents.source === text &&
    !contents.comment
  );
}

function collectionSource(typed: string, path: Target['path'], isExpected: (node: unknown) => boolean): string {
  const key = formatKey(path);
  const isList = isExpected === isSeq;
  const { contents, errors } = parseDocument(typed);
  if (errors.length === 0 && isExpected(contents) && !typed.includes('\n')) return typed.trim();
  throw new GollamaError('usage', isList ? `${key} is a list of blocks` : `${key} is a block of keys`, {
    hint: isList
      ? `write it as '[{kind: simulated}]', or set one of its keys: gollama config set '${key}[0].kind' KIND`
      : `set one of its keys, or write it as '{key: value}'`,
  });
}
