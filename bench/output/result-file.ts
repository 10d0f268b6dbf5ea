/** The result as a file: written by `--json`, read back by `bench report`, `bench compare` and `--baseline`. */
import type { z } from 'zod';
import { GollamaError } from '../../src/base/errors.js';
import { type BenchResult, SCHEMA } from '../result.js';
import { RESULT } from './result-schema.js';

const PROBLEMS_MAX = 3;

type Frozen<T> = T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T;

/** JSON with a line break at its end; a series of numbers takes one line. */
export function resultText(result: BenchResult): string {
  // Here and where a file is parsed the compiler sees that schema and interface are the same.
  const checked: Frozen<z.output<typeof RESULT>> = result;
  const text = JSON.stringify(checked, null, 2);
  return `${text.replace(/\[\n[-+\d.eE,\s]+\]/g, (series) => series.replace(/\s+/g, '').replaceAll(',', ', '))}\n`;
}

/** `name` is how errors call the file. Throws `usage` where the text is no result, and says what is wrong with it. */
export function parseResult(text: string, name: string): BenchResult {
  const found = parseJson(text, name);
  const schema = typeof found === 'object' && found !== null && 'schema' in found ? found.schema : undefined;
  if (schema !== SCHEMA) throw wrongSchema(schema, name);
  const parsed = RESULT.safeParse(found);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const problems = issues.slice(0, PROBLEMS_MAX).map(describe);
  const more = issues.length > PROBLEMS_MAX ? `; and ${issues.length - PROBLEMS_MAX} more` : '';
  throw new GollamaError('usage', `${name} is not a valid ${SCHEMA} result: ${problems.join('; ')}${more}`, {
    hint: 'write it with gollama bench --json FILE, and do not edit it',
  });
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const isRecords = /^\s*\{.*\}\s*\n\s*\{/.test(text);
    throw new GollamaError('usage', `${name} is not JSON`, {
      cause,
      hint: isRecords
        ? 'it looks like the records of single requests; the result is what --json wrote'
        : 'a result is written with gollama bench --json FILE',
    });
  }
}

function wrongSchema(schema: unknown, name: string): GollamaError {
  if (typeof schema === 'string' && schema.startsWith('gollama.bench/')) {
    return new GollamaError('usage', `${name} is a ${schema} result; this version reads ${SCHEMA}`, {
      hint: 'use the version of gollama that wrote it',
    });
  }
  return new GollamaError('usage', `${name} is not a result of gollama bench: its schema is not ${SCHEMA}`, {
    hint: 'a result is written with gollama bench --json FILE',
  });
}

function describe(issue: z.core.$ZodIssue): string {
  const path = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') return `unknown member ${[path, issue.keys[0]].filter(Boolean).join('.')}`;
  return `${path || 'it'}: ${issue.message}`;
}
